# SPDX-License-Identifier: Apache-2.0
"""How long the command takes: to start, for the sample firm, and for a policy of ten thousand systems; and its memory.

Each figure is of the whole command in a process of its own, as people and pipelines meet it.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bench.frame import Bench, Figure, Say

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "atelier" / "policy.yml"
SMALLER, LARGER = 1_000, 10_000
LIMIT_S, LIMIT_MIB = 10.0, 1024.0
# A machine carries so many systems; the larger policy has as many more machines.
SYSTEMS_A_MACHINE = 20


class Taken(NamedTuple):
    """What one command took: wall seconds, and the most memory that it held, in MiB."""

    seconds: float
    mib: float


def policy_of(systems: int) -> str:
    """Return a policy with that many systems: pairs of a service and its files, each pair with an activity."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "golden" / "small" / "policy.yml").read_text())
    activity, service, files = data["activities"]["recipes"], data["systems"]["till"], data["systems"]["papers"]
    data["activities"], data["systems"] = {}, {}
    machines = math.ceil(systems / SYSTEMS_A_MACHINE)
    for number in range(systems // 2):
        at = number % machines
        where = {"runs_on": {"primary": f"one-{at}", "standby": f"two-{at}"}}
        unit, path = f"service-{number}.service", f"/srv/files-{number}"
        data["activities"][f"activity-{number}"] = {**activity, "uses": [f"service-{number}"]}
        data["systems"][f"service-{number}"] = {
            **service, **where, "units": [unit], "needs": [f"files-{number}"]
        }  # fmt: skip
        data["systems"][f"files-{number}"] = {**files, **where, "paths": [path]}
    for side, letter, third in (("primary", "one", 10), ("standby", "two", 20)):
        data["sites"][side].pop("network")
        data["sites"][side]["machines"].update(
            {f"{letter}-{at}": {"address": f"10.{third}.{at // 200}.{at % 200 + 10}"} for at in range(machines)}
        )
    return json.dumps(data, indent=1)


def command(*words: str) -> Taken:
    """Run `bascule` with these words. Raises ValueError when it does not end well."""
    return process("-m", "bascule", *words)


def process(*words: str) -> Taken:
    """Run Python with these words. Raises ValueError when it does not end well."""
    # An installed package has its bytecode beside it; a checkout has after one run, unless this forbids it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    reader, writer = os.pipe()
    process = os.posix_spawn(
        sys.executable, [sys.executable, *words], environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, writer, 2)],
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader, errors="replace") as said:
        text = said.read()
    _pid, status, used = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise ValueError(f"python {' '.join(words)} did not end well: {text[-2000:]}")
    return Taken(seconds, used.ru_maxrss / 1024)


def repeated(runs: int, *words: str) -> list[Taken]:
    """What a command took, run by run; one run before, so that files are in memory."""
    command(*words)
    return [command(*words) for _ in range(runs)]


def seconds(taken: list[Taken]) -> tuple[float, ...]:
    """The seconds of each run."""
    return tuple(one.seconds for one in taken)


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Start-up, the sample firm, two sizes of a generated policy, and how the time grows between them."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        say("start-up and the sample firm")
        yield Figure("bascule --help", "s", seconds(repeated(runs, "--help")), 0.2)
        yield Figure("check the sample firm", "s", seconds(repeated(runs, "check", str(SAMPLE))), 1.0)
        built = str(home / "atelier")
        yield Figure("compile the sample firm", "s", seconds(repeated(runs, "compile", str(SAMPLE), "-o", built)), 1.0)
        taken = {}
        for size in (SMALLER, LARGER):
            say(f"a policy of {size} systems")
            policy = home / f"{size}.yml"
            policy.write_text(policy_of(size))
            taken[size] = repeated(runs, "compile", str(policy), "-o", str(home / f"build-{size}"))
        yield Figure(f"compile {SMALLER} systems", "s", seconds(taken[SMALLER]))
        yield Figure(f"compile {LARGER} systems", "s", seconds(taken[LARGER]), LIMIT_S)
        memory = tuple(one.mib for one in taken[LARGER])
        yield Figure(f"memory for {LARGER} systems", "MiB", memory, LIMIT_MIB)
        grown = tuple(
            large / small for small, large in zip(seconds(taken[SMALLER]), seconds(taken[LARGER]), strict=True)
        )
        growth = LARGER * math.log(LARGER) / (SMALLER * math.log(SMALLER))
        yield Figure(f"time of {LARGER} / time of {SMALLER}", "", grown, round(growth, 1))


BENCHES = (Bench("compile", "how long the command takes, and its memory", measure, minutes=1.5),)
