# SPDX-License-Identifier: Apache-2.0
"""What the product costs on top of the work itself: an activation beside the same recovery by hand, in the same lab.

The elapsed time is from the start of the command until every activity has answered; what comes after, nobody waits for.
With `minute`, each database takes a minute longer to recover and each service to start, for both alike.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bascule_runtime import journal
from bench import bare, sample_firm
from bench.frame import Bench, Figure, Say
from bench.sample_firm import BenchError, Firm

LONGER_S = 60
DATABASES, SERVICES = ("db2", "app2"), {"app2": ("tryton-server", "website"), "files2": ("nginx",)}
DATABASE = """echo "recovery_end_command = 'sleep {seconds}'" > /etc/postgresql/15/main/conf.d/zz-bench.conf
cd / && runuser -u postgres -- psql -XqAt -c 'select pg_reload_conf()' >/dev/null 2>&1 || true"""
SERVICE = """drop_in=/etc/systemd/system/{unit}.service.d; mkdir -p $drop_in
printf '[Service]\\nExecStartPre=/bin/sleep {seconds}\\nTimeoutStartSec=600\\n' > $drop_in/bench.conf
systemctl daemon-reload"""


def slow(firm: Firm) -> None:
    """Make each recovery at the standby last a minute longer."""
    for machine in DATABASES:
        firm.rehearsal.on(machine, DATABASE.format(seconds=LONGER_S))
    for machine, units in SERVICES.items():
        for unit in units:
            firm.rehearsal.on(machine, SERVICE.format(unit=unit, seconds=LONGER_S))


def activated(firm: Firm) -> float:
    """Lose the primary, activate: seconds until the last activity had answered. Raises BenchError."""
    firm.rehearsal.lab("kill", "primary")
    began = time.time()
    run = firm.drive("activate", env=sample_firm.DECLARE)
    events = journal.read(run.folder) if run.folder else []
    ended = [e["ended"] for e in events if e["event"] == "unit" and e["unit"].startswith("activity.")]
    if not ended:
        raise BenchError(f"the journal of {run.folder} tells of no activity")
    return float(max(ended) - began)


def round_of(firm: Firm, say: Say) -> tuple[float, float]:
    """One activation and one recovery by hand; the firm is at home before and after. Seconds of both."""
    by_us = activated(firm)
    firm.home()
    firm.rehearsal.lab("kill", "primary")
    by_hand = bare.by_hand(firm)
    say(f"activated in {by_us:.1f} s; by hand along the same graph it takes {by_hand:.1f} s")
    # The driver takes over what was done by hand, so that it can bring it home.
    firm.drive("activate", env=sample_firm.DECLARE)
    firm.home()
    return by_us, by_hand


def measure(runs: int, say: Say, prepare: Callable[[Firm], None], target: float) -> Iterator[Figure]:
    """As many rounds as `runs`, in one lab."""
    with tempfile.TemporaryDirectory(prefix="bascule-bench-") as folder, sample_firm.built(Path(folder)) as firm:
        prepare(firm)
        rounds = [round_of(firm, say) for _ in range(runs)]
    yield Figure("activation, until every activity has answered", "s", tuple(ours for ours, _ in rounds))
    yield Figure("the same by hand, in one run along its critical path", "s", tuple(hand for _, hand in rounds))
    yield Figure("activation ÷ the same by hand", "", tuple(ours / hand for ours, hand in rounds), target)


BENCHES = (
    Bench("ratio", "an activation beside the same recovery by hand", partial(measure, prepare=lambda firm: None,
          target=3.0), needs="lab", minutes=15),
    Bench("ratio-minute", "the same when each recovery takes a minute longer", partial(measure, prepare=slow,
          target=1.1), needs="lab", minutes=35),
)  # fmt: skip
