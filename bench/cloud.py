# SPDX-License-Identifier: Apache-2.0
"""How long people wait for a look at a standby that is built in a cloud: the real engine, the real program, the double
of AWS behind them. Nothing is built on machines; a preview does not need any.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.frame import Bench, Figure, Say
from tests.aws_double import REGION, running
from tests.bridge_process import said, started

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "atelier" / "policy-aws.yml"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOj0P5P4TQ3TeFz20GgAAAAAAAAAAAAAAAAAAAAA"
PREVIEW_S, SAME_S, OURS_MIB = 8.0, 5.0, 400.0
LIMIT_S, EVERY_S = 300.0, 0.1
ENGINE = "pulumi"


class Seen(NamedTuple):
    """What the bridge took: wall seconds, the most memory that Python held for it at once in MiB, and what it said."""

    seconds: float
    mib: float
    summary: dict[str, int]


def asked(folder: Path, environment: dict[str, str], do: str, phase: str) -> Seen:
    """Ask the bridge of a compiled folder, as Ansible does. Raises RuntimeError with what it said when it fails."""
    request = {
        "do": do, "folder": str(folder / "build"), "policy": "atelier", "stack": "standby", "run": "bench",
        "state": f"file://{folder / 'state'}", "facts": {"region": REGION},
        "config": {"bascule:phase": phase, "bascule:publicKey": KEY},
    }  # fmt: skip
    began = time.monotonic()
    with started(folder / "build", environment, request) as bridge:
        most = [0.0]
        watcher = threading.Thread(target=_watch, args=(bridge, most))
        watcher.start()
        text = said(bridge, LIMIT_S)
        seconds = time.monotonic() - began
        watcher.join()
    last = json.loads(text.splitlines()[-1])
    if bridge.returncode or last.get("event") != "end":
        raise RuntimeError(text)
    return Seen(seconds, most[0], last["summary"])


def _watch(bridge: subprocess.Popen[str], most: list[float]) -> None:
    while bridge.poll() is None:
        most[0] = max(most[0], held(bridge.pid))
        time.sleep(EVERY_S)


def held(session: int) -> float:
    """The memory of the processes of a session that are not the engine's own programs, in MiB; shared pages once."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) != session or (place / "comm").read_text().startswith(ENGINE):
                continue
            total += int((place / "smaps_rollup").read_text().partition("\nPss:")[2].split()[0])
        except (OSError, IndexError, ValueError):
            continue
    return total / 1024


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Previews of the sample firm's standby, built for `protect`: unchanged, and for an activation."""
    with tempfile.TemporaryDirectory(prefix="bascule-bench-") as place, running() as double:
        folder = Path(place)
        compiling = [sys.executable, "-m", "bascule", "compile", str(SAMPLE), "-o", str(folder / "build")]
        subprocess.run(compiling, check=True, capture_output=True, timeout=LIMIT_S)
        environment = double.environment(folder)
        built = asked(folder, environment, "up", "protect")
        say(f"built for protect in {built.seconds:.1f} s: {built.summary}")
        same = [asked(folder, environment, "preview", "protect") for _ in range(runs)]
        more = [asked(folder, environment, "preview", "activate") for _ in range(runs)]
        say(f"nothing to change: {same[-1].summary}; an activation: {more[-1].summary}")
    yield Figure("preview of an activation", "s", tuple(one.seconds for one in more), PREVIEW_S)
    yield Figure("preview without a change", "s", tuple(one.seconds for one in same), SAME_S)
    yield Figure("memory beside the engine", "MiB", tuple(one.mib for one in more), OURS_MIB)


BENCHES = (Bench("cloud", "how long a look at a standby in AWS takes, on the double of AWS", measure, minutes=3),)
