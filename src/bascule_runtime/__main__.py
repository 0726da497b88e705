# SPDX-License-Identifier: Apache-2.0
"""`python3 -m bascule_runtime COMMAND …`: the agents on machines, and the report of a run."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Optional

# Modules with a function `main(arguments) -> exit code`; imported late, since an agent needs one of them only.
COMMANDS = ("ask", "copy", "follow", "forward", "guest", "heartbeat", "hold", "mirror", "pgcopies", "point", "probe",
            "prune", "ready", "release", "report", "tree", "watch", "way")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command named first. Exit code 2 when there is no such command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in COMMANDS:
        sys.stderr.write(f"Say what to do: python3 -m bascule_runtime {'|'.join(COMMANDS)} …\n")
        return 2
    return int(importlib.import_module(f"bascule_runtime.{given[0]}").main(given[1:]))


if __name__ == "__main__":
    sys.exit(main())
