# SPDX-License-Identifier: Apache-2.0
"""How long checking, planning and compiling take, for small and large policies. Prints a table."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bascule import api

ROOT = Path(__file__).parents[2]
SIZES = (1, 10, 100, 400)


def policy_of(activities: int) -> str:
    """Return a policy with that many activities, each with a service and its files."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "golden" / "small" / "policy.yml").read_text())
    activity, service, files = data["activities"]["recipes"], data["systems"]["till"], data["systems"]["papers"]
    data["activities"], data["systems"] = {}, {}
    for number in range(activities):
        data["activities"][f"activity-{number}"] = {**activity, "uses": [f"service-{number}"]}
        unit, path = f"service-{number}.service", f"/srv/files-{number}"
        data["systems"][f"service-{number}"] = {**service, "units": [unit], "needs": [f"files-{number}"]}
        data["systems"][f"files-{number}"] = {**files, "paths": [path]}
    return json.dumps(data, indent=1)


def compile_and_write(policy: Path, folder: Path) -> None:
    """What the command does."""
    api.write(api.compile_tree(policy), folder)


def seconds(work: Callable[[], object]) -> float:
    """Return the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def main() -> int:
    """Measure and print."""
    print(f"{'activities':>10} {'systems':>8} {'check s':>8} {'plan s':>8} {'compile and write s':>20}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            policy = Path(folder) / "policy.yml"
            policy.write_text(policy_of(size))
            wrong = [finding.what for finding in api.check(policy) if finding.severity == "error"]
            if wrong:
                print(f"the policy of this measurement has errors: {wrong[:3]}", file=sys.stderr)
                return 1
            built = Path(folder) / f"build-{size}"
            check = seconds(partial(api.check, policy))
            plan = seconds(partial(api.plan, policy))
            compiled = seconds(partial(compile_and_write, policy, built))
            print(f"{size:>10} {2 * size:>8} {check:>8.2f} {plan:>8.2f} {compiled:>20.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
