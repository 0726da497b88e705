# SPDX-License-Identifier: Apache-2.0
"""How long checking, planning and compiling take, for small and large policies."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bascule import api
from bench.frame import Bench, Figure, Say

ROOT = Path(__file__).parents[1]
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


def seconds(work: Callable[[], object], runs: int) -> tuple[float, ...]:
    """How long `work` takes, run by run."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return tuple(taken)


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Check, plan, compile and write, at each size."""
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            say(f"{2 * size} systems")
            policy = Path(folder) / "policy.yml"
            policy.write_text(policy_of(size))
            wrong = [finding.what for finding in api.check(policy) if finding.severity == "error"]
            if wrong:
                raise ValueError(f"the policy of this measurement has errors: {wrong[:3]}")
            built = Path(folder) / f"build-{size}"
            yield Figure(f"check, {2 * size} systems", "s", seconds(partial(api.check, policy), runs))
            yield Figure(f"plan, {2 * size} systems", "s", seconds(partial(api.plan, policy), runs))
            yield Figure(
                f"compile and write, {2 * size} systems", "s", seconds(partial(compile_and_write, policy, built), runs)
            )


BENCHES = (Bench("compile", "how long the compiler takes", measure, minutes=0.5),)
