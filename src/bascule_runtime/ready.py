# SPDX-License-Identifier: Apache-2.0
"""Whether a recovery could be run from this computer: secrets that are here, machines that answer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

from bascule_runtime import built, reach, runs, scope, secrets


def look(plan: dict[str, Any]) -> dict[str, list[str]]:
    """`{"missing", "silent"}`: sentences on secrets that do not resolve here, and machines that do not answer here.

    Only what a recovery at the standby needs is asked for: the primary may be gone. A vault variable counts as missing,
    since nothing but a run with its vault can open it.
    """
    everything = scope.resolve(plan)
    names = [*scope.needed_secrets(plan, everything, ("standby",)), *scope.link_secrets(plan)]
    away = built.only_activated(plan)
    wanted = [*(name for name in scope.machines(plan, everything, ("standby",)) if name not in away),
              *(entry["machine"] for entry in scope.observers(plan)),
              *scope.third_places(plan, everything)]
    targets = {name: (plan["machines"][name]["address"], int(plan["machines"][name].get("port") or 22))
               for name in dict.fromkeys(wanted)}
    answers = reach.answering(targets)
    return {"missing": secrets.missing(names, plan["secrets"]),
            "silent": sorted(name for name, answered in answers.items() if not answered)}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `ready`: print what `look` finds for the plan of a compiled folder, as JSON."""
    parser = argparse.ArgumentParser(prog="bascule_runtime ready", description="Could a recovery be run from here?")
    parser.add_argument("folder", help="a compiled folder")
    folder = Path(parser.parse_args(arguments).folder)
    plan = runs.read_json(folder / "plan.json")
    if plan is None:
        sys.stderr.write(f"{folder}/plan.json is missing: this is not a compiled folder.\n")
        return 3
    found = look(plan)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 1 if found["missing"] or found["silent"] else 0
