# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bridge is asked about a stack, and what its answers mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from ansible_collections.bascule.continuity.plugins.plugin_utils import _outputs
from ansible_collections.bascule.continuity.plugins.plugin_utils._bridge import BridgeError
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, runs, secrets

DRILL = re.compile(r"[a-z][a-z0-9-]{0,19}")
# What may hold copies, or what they are in: building during a disaster only ever adds to these.
HOLDS = frozenset({
    "aws:ec2/instance:Instance", "aws:ebs/volume:Volume", "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet"})
LOSING = frozenset({"delete", "replace", "delete-replaced", "create-replacement"})
SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "+-"}
# Machines that an update made before it failed; in the folder of the run.
MADE = "made.json"
NOBODY_KNOWS = ("Nobody can say from here whether users work at the standby: its machines were not all looked at. When "
                "nobody does, say so in the environment, BASCULE_DECLARE='…', and start again. Nothing was touched.")


@dataclass(frozen=True)
class Asked:
    """A wish about a stack; `phase` is `protect`, `activate` or None where it does not matter.

    `home`: nobody works on its machines, for certain.
    """

    plan: dict[str, Any]
    cloud: dict[str, Any]
    compiled: Path
    run: str
    phase: Optional[str] = None
    drill: Optional[str] = None
    expires: Optional[str] = None
    fall: bool = False
    go_on: bool = False
    refresh: bool = False
    public_key: str = ""
    home: bool = False


def name(drill: Optional[str]) -> str:
    """The name of the stack: a drill has one of its own, so that an activation never waits for it."""
    if drill and not DRILL.fullmatch(drill):
        raise BridgeError("bad-drill", f"drill={drill}: a name of small letters, digits and hyphens is needed.", [])
    return f"drill-{drill}" if drill else _outputs.STANDBY


def request(do: str, asked: Asked) -> dict[str, Any]:
    """The line that the bridge is asked with; nothing secret is in it."""
    config = {"bascule:phase": asked.phase, "bascule:drill": asked.drill, "bascule:expires": asked.expires,
              "bascule:publicKey": asked.public_key}
    return {"do": do, "folder": str(asked.compiled), "policy": asked.plan["policy"]["id"], "stack": name(asked.drill),
            "state": asked.cloud["state"]["url"], "run": asked.run, "fall": asked.fall, "go_on": asked.go_on,
            "refresh": asked.refresh,
            "config": {key: str(value) for key, value in config.items() if value} if asked.phase else {},
            "facts": {"region": asked.cloud["region"], "home": asked.home}}


def public_key(plan: dict[str, Any], cloud: dict[str, Any], read: Callable[[str], str]) -> str:
    """The public half of the key by which the site's machines are reached; `read` gives the value of a secret.

    Raises BridgeError when there is no such key, or more than one.
    """
    machines = [plan["machines"][name] for name in cloud["machines"]]
    names = [entry["key"]["secret"] for entry in machines if entry.get("key")]
    keys = list(dict.fromkeys(_public(secret, read) for secret in dict.fromkeys(names)))
    if len(keys) != 1:
        raise BridgeError("bad-key", f"The machines of the site are reached by {len(keys)} keys of ssh; one is needed, "
                          "which each of them gets when it is made. Look at `connection:` of the policy.", [])
    return keys[0]


def _public(secret: str, read: Callable[[str], str]) -> str:
    try:
        private = read(secret)
    except secrets.MissingSecretError as error:
        raise BridgeError("no-secret", f"A secret is missing: {error}.", []) from None
    public = secrets.public_half(private)
    if public is None:
        raise BridgeError("bad-key", f"The secret {secret} is no private key of ssh without a passphrase, so no "
                          "machine could be reached by it.", [])
    return public


def instances(folder: Path) -> dict[str, str]:
    """Instances of machines, as they were saved and as far as this run made some before it failed."""
    saved = (_outputs.saved(folder.parents[1]) or {}).get("machines") or {}
    made = runs.read_json(folder / MADE) or {}
    return {name: str(entry["instance"]) for name, entry in {**saved, **made}.items() if entry.get("instance")}


def is_known_home(plan: dict[str, Any], run: dict[str, Any], compiled: Path) -> bool:
    """Whether it is known that nobody works at the standby: each of its machines that is there was looked at, and all
    markers say that the primary serves; or somebody said so."""
    if run.get("declared"):
        return True
    there = (_outputs.saved(compiled) or {"machines": {}})["machines"]
    reachable, serving = run.get("reachable") or {}, run.get("serving") or {"": ""}
    whole = len(run["scope"]["units"]) == len(plan["units"])
    looked = bool(there) and all(reachable.get(name) for name in built.machines(plan) if name in there)
    return whole and looked and all(side == "primary" for side in serving.values())


def is_missed(cloud: dict[str, Any], run: dict[str, Any]) -> bool:
    """Whether a machine that is there by the plan was silent when the run began: the cloud is asked whether it is."""
    reachable = run.get("reachable") or {}
    return any("protect" in entry["runs_in"] and reachable.get(name) is False
               for name, entry in cloud["machines"].items())


def away(plan: dict[str, Any], run: dict[str, Any], folder: Path) -> list[str]:
    """Of a return, systems that may still serve at the standby, and activities that nobody found usable at home."""
    # What a run is not about was not looked at.
    systems = [name for name in plan["systems"] if f"system.{name}" not in run["scope"]["units"] or (
        (run.get("serving") or {}).get(name) != "primary" and runs.said(folder, f"system.{name}", runs.MAIN) != "done")]
    activities = [name for name in run["scope"]["activities"]
                  if runs.said(folder, f"activity.{name}", runs.MAIN) != "done"]
    return [] if run["check"] else [*systems, *activities]


def came_to(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What was done before it failed, from the events until then; the whole answer where that is among them."""
    last = next((event for event in reversed(events) if event["event"] == "end"), None)
    if last:
        return last
    done = [event for event in events if event["event"] == "done"]
    provider = next((str(event["message"]) for event in events if event["event"] == "said"
                     and str(event["message"]).startswith("provider: double")), "")
    summary: dict[str, int] = {}
    for event in done:
        summary[event["op"]] = summary.get(event["op"], 0) + 1
    steps = [{key: event[key] for key in ("op", "urn", "type")} for event in done]
    return {"summary": summary, "steps": steps, "simulated": bool(provider), "provider": provider, "outputs": None}


def notes(events: list[dict[str, Any]]) -> list[str]:
    """Sentences for the report."""
    return [str(event["text"]) for event in events if event["event"] == "note"]


def loses(steps: list[dict[str, Any]]) -> list[str]:
    """Names of what a plan of the engine would take away although it may hold copies."""
    return sorted({str(step["urn"]).rpartition("::")[2] for step in steps
                   if step["op"] in LOSING and step.get("type") in HOLDS})


def told(found: dict[str, Any]) -> str:
    """The plan of the engine as lines for people."""
    lines = [f"{SIGNS.get(step['op'], step['op'])} {step.get('type', '')} {str(step['urn']).rpartition('::')[2]}"
             for step in found["steps"]]
    counts = ", ".join(f"{count} {operation}" for operation, count in sorted(found["summary"].items()))
    return "\n".join([*lines, counts or "nothing"]) + "\n"
