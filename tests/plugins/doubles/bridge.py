# SPDX-License-Identifier: Apache-2.0
"""A double of the bridge to a cloud: writes down what it was asked, does what `cloud.json` says, lets machines come."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2] / "machines"
PLAN = Path(__file__).resolve().parents[1] / "plan.json"
DOUBLE = "provider: double: nothing of this is AWS; it is a program of the tests"


def say(event: str, **fields: Any) -> None:
    """One line."""
    print(json.dumps({"event": event, **fields}), flush=True)


def machines(phase: str | None) -> list[str]:
    """Machines that are there in a phase."""
    built = json.loads(PLAN.read_text())["sites"]["standby"]["cloud"]["machines"]
    return [name for name, entry in built.items() if phase in entry["runs_in"]]


def there() -> list[str]:
    """Machines that are there now."""
    return sorted(path.parent.name for path in ROOT.glob("*/there"))


def outputs(phase: str | None) -> dict[str, Any]:
    """As the program would export them."""
    names = {name: {"instance": f"i-{index:08x}", "private": "127.0.0.1", "public": None}
             for index, name in enumerate(machines(phase), 10)}
    return {"schema": "bascule/outputs/v1", "policy": "double", "plan": "sha256:0", "phase": phase, "machines": names}


def changed(phase: str | None, spared: list[str], acts: bool) -> dict[str, Any]:
    """Make and remove machines, or say what would be."""
    wanted, now = set(machines(phase)) - set(spared), set(there())
    steps = [{"op": "create", "urn": f"urn:x::{name}", "type": "aws:ec2/instance:Instance"} for name in wanted - now]
    steps += [{"op": "delete", "urn": f"urn:x::{name}", "type": "aws:ec2/instance:Instance"} for name in now - wanted]
    for name in wanted - now if acts else ():
        (ROOT / name / "there").touch()
    for name in now - wanted if acts else ():
        (ROOT / name / "there").unlink()
    counts = {"create": len(wanted - now), "delete": len(now - wanted), "same": len(now & wanted)}
    return {"steps": steps, "summary": {name: count for name, count in counts.items() if count}, "changed": bool(steps)}


def account(do: str) -> dict[str, Any]:
    """What the account would say."""
    behave = json.loads((ROOT / "cloud.json").read_text())
    if do == "status":
        return {"account": "123456789012", "problems": behave.get("problems", []), "images": {},
                "processors": {"allowed": 32, "free": 30, "needed": 2}, "simulated": True}
    return {"account": "123456789012", "things": behave.get("things", []), "going": [], "unknown": [], "removed": [],
            "simulated": True, "changed": do == "sweep", "prices": "2025-11"}


def main() -> None:
    """Entry point."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asked = json.loads(sys.stdin.readline())
    do, phase = asked["do"], (asked.get("config") or {}).get("bascule:phase")
    behave = json.loads((ROOT / "cloud.json").read_text()).get(do) or {}
    line = {"do": do, "phase": phase, "fall": asked.get("fall"), "go_on": asked.get("go_on"),
            "state": asked.get("state"), "refresh": asked.get("refresh"),
            "facts": sorted(asked["facts"]),
            "wish": {key: asked["facts"].get(key) for key in ("drills", "everything")},
            "home": asked["facts"].get("home"),
            "passphrase": os.environ.get("PULUMI_CONFIG_PASSPHRASE") == "-".join(("s3cr3t", "of", "the", "state")),
            "other": [name for name in ("DOUBLE_COPIES_KEY", "BASCULE_DECLARE") if name in os.environ]}
    with (ROOT / "asked.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    time.sleep(behave.get("sleep", 0))
    if behave.get("says"):
        print(behave["says"].format(os.environ.get("PULUMI_CONFIG_PASSPHRASE")), flush=True)
    if behave.get("note"):
        say("note", text=behave["note"])
    made = {}
    if do in ("preview", "up", "destroy"):
        say("said", severity="warning", urn=None, message=DOUBLE)
        made = changed(phase, behave.get("spared", []), do != "preview")
        made["steps"] += behave.get("steps", [])
    if behave.get("fail"):
        say("failed", **behave["fail"])
        sys.exit(1)
    if do in ("preview", "up", "destroy"):
        last = {"outputs": outputs(phase) if do != "destroy" else None, "provider": DOUBLE, "simulated": True}
        say("end", **made, **last, failures=[])
    else:
        say("end", **account(do))


if __name__ == "__main__":
    main()
