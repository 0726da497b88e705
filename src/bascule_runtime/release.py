# SPDX-License-Identifier: Apache-2.0
"""After a boot of a host: releases a guest and starts it, when the other site still says that this one serves.

`python3 -m bascule_runtime release --config FILE`; of FILE it reads `release`: `{"by", "guest", "asks": [argv] or null,
"serves": FILE, "side", "limit_s"}`. A site that took over lets this host's copies in no more, so `asks` (opening the
repository) answers whether it has. The standby asks nobody: it has taken over by itself, and whoever brings the guest
home tells it. When no answer comes the guest stays off: better late than twice.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Optional, Sequence

from bascule_runtime import agent
from bascule_runtime.hypervisor import OFF, TroubleError, adapter, guard

EVERY_S, ASK_S = 10.0, 30.0


def may(settings: dict[str, Any]) -> tuple[bool, str]:
    """Whether the guest may run here, and why not."""
    state = agent.read_state(settings["serves"])
    if state.get("serving") != settings["side"] or state.get("demoted"):
        return False, "this site does not serve it"
    if not settings.get("asks"):
        return True, ""
    end = time.monotonic() + float(settings.get("limit_s") or 600)
    while True:
        ended = agent.run(settings["asks"], ASK_S)
        if ended.code == 0:
            return True, ""
        if time.monotonic() >= end:
            return False, f"the other site does not say that this one serves ({ended.reason})"
        time.sleep(EVERY_S)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `release`: exit code 0 when the guest runs, or is not to run here."""
    settings = agent.configuration("release", arguments)["release"]
    guest = str(settings["guest"])
    allowed, why = may(settings)
    if not allowed:
        sys.stdout.write(f"{guest} was not released: {why}.\n")
        return 0 if why == "this site does not serve it" else 1
    guard.release(guest)
    try:
        host = adapter(settings["by"])
        if host.state(guest) == OFF:
            host.start(guest, 120)
    except TroubleError as trouble:
        sys.stdout.write(f"{trouble}.\n")
        return 1
    sys.stdout.write(f"{guest} runs.\n")
    return 0
