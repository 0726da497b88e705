# SPDX-License-Identifier: Apache-2.0
"""The bridge between Ansible and the cloud: a line of JSON asks on standard input, lines of JSON answer.

It ends, with all that it started, when its standard input ends: who asked is gone, or waits no longer. The passphrase
of the state and the credentials come by the environment; nothing of them leaves by any line.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from automation import ask as asked
from automation import session
from automation.trouble import Trouble

# What can be asked for, and who does it.
WORK = {
    "preview": ("automation.work", "preview"),
    "up": ("automation.work", "up"),
    "destroy": ("automation.end", "destroy"),
    "outputs": ("automation.work", "outputs"),
    "status": ("account.status", "status"),
    "left": ("account.proof", "left"),
    "sweep": ("account.proof", "sweep"),
}
# How long the engine may take to end in good order.
GRACE_S = 20
CLOSED = "[secret]"
NO_PACKAGES = (
    "The Python that runs Ansible on this controller has no {}, so nothing can be built from here. Install what that "
    "needs, pip install 'bascule[aws]', or start from a controller that has it."
)
SECRET = ("PULUMI_CONFIG_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def say(event: str, **fields: Any) -> None:
    """Print one event; values of secrets that some program repeated are taken out."""
    line = json.dumps({"event": event, **fields}, ensure_ascii=False, default=str)
    for name in SECRET:
        value = os.environ.get(name, "")
        if len(value) > 3:
            line = line.replace(json.dumps(value, ensure_ascii=False)[1:-1], CLOSED)
    with LOCK:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


LOCK = threading.Lock()


def _line() -> bytes:
    """The first line of standard input, read without a buffer that would hold the rest back."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 1)
        if not part:
            break
        line += part
    return line


def _end_with_who_asked() -> None:
    """Wait until standard input ends, then end the engine: in good order first, which frees the state."""
    while os.read(0, 4096):
        continue
    os.killpg(0, signal.SIGINT)
    time.sleep(GRACE_S)
    session.end(os.getpid())


def main() -> int:
    """Do what is asked for; exit code 0 when it was done, 1 when a sentence says why not."""
    # A handler, not "ignore", which programs that are started would inherit.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    request = json.loads(_line())
    if os.getsid(0) == os.getpid():
        threading.Thread(target=_end_with_who_asked, daemon=True).start()
    module, name = WORK[request["do"]]
    try:
        result = getattr(importlib.import_module(module), name)(asked.read(request), say)
    except ModuleNotFoundError as error:
        say("failed", reason="no-engine", msg=NO_PACKAGES.format(error.name))
        return 1
    except Trouble as trouble:
        say("failed", reason=trouble.reason, msg=str(trouble), **trouble.more)
        return 1
    except Exception as error:
        say("failed", reason="error", msg=f"The bridge broke off: {type(error).__name__}: {error}")
        raise
    say("end", **result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
