# SPDX-License-Identifier: Apache-2.0
"""What ssh says of a machine that cannot be worked with, as a sentence for a tired reader."""

from __future__ import annotations

import re

# The first that fits. `{machine}` is the machine's name in the policy.
_SENTENCES = (
    (r"host key verification failed|host identification has changed|no .* host key is known",
     "{machine} does not show the host key that is pinned for it, so nothing was said to it. If the machine was "
     "replaced, compare the key at its console, pin it (bascule trust) and compile the folder again; if it was not, "
     "something else answers at its address."),
    (r"permission denied|too many authentication failures",
     "{machine} answers and does not let this controller in: its user or key is not accepted there."),
    (r"no space left on device",
     "{machine} has a full disk: not even a command can be started there. Make room and start again."),
    (r"no route to host|connection refused|network is unreachable|could not resolve|connect to host",
     "{machine} does not answer: it is down, or its network is cut. Repair it and start again."),
    (r"timeout, server|banner exchange|timed out|closed by|connection reset|broken pipe|did not respond|"
     r"shared connection",
     "{machine} stopped answering: it is down, it hangs, or its network is cut. Repair it and start again."),
)


def sentence(machine: str, said: str) -> str:
    """What `said`, the text of ssh or Ansible about `machine`, means. A text that is not known is given as it is."""
    for pattern, text in _SENTENCES:
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return text.format(machine=machine)
    return f"{machine} cannot be worked with: {' '.join(said.split())}"
