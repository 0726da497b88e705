# SPDX-License-Identifier: Apache-2.0
"""One whole cycle of a policy on real machines: built, lost, recovered, brought home, removed; content is compared."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule_lab.demo.commands import Commands
from bascule_lab.demo.rehearsal import Rehearsal, Run, clean_environment

POLICIES = Path(__file__).parent / "policies"
DECLARE = {"BASCULE_DECLARE": 'rehearsal: it\'s gone; "{{ 7 * 7 }}" $(date)'}
# Names, kinds, modes, owners and content of all that is under the folders that follow; times of files too.
TREE = """set -e
for folder; do
  cd "$folder"
  find . -printf '%y %m %u %g %l %p\\n' | sort
  find . -type f -printf '%T@ %p\\n' | sort
  find . -type f -print0 | sort -z | xargs -0 -r sha256sum
done"""

# Complements 64 bytes in the middle of a file; done twice, the file is as it was.
FLIP = """exec python3 - "$1" <<'E'
import os, sys
with open(sys.argv[1], "r+b") as file:
    file.seek(os.path.getsize(sys.argv[1]) // 2)
    there = file.read(64)
    file.seek(-len(there), 1)
    file.write(bytes(byte ^ 255 for byte in there))
E"""

# What a run could change on a machine: files of ours and of the firm, units, clusters, users.
STATE = """find /etc/bascule /etc/systemd/system /usr/local/lib/bascule /var/lib/bascule/*/groups /srv -type f \\
  ! -path '*/__pycache__/*' -exec sha256sum {} + 2>/dev/null | sort
systemctl list-units --all --plain --no-legend 'bascule-*.timer' 'postgresql@*' | awk '{ print $1, $3 }' | sort
pg_lsclusters; getent passwd"""

Facts = Callable[["Cycle", str], Any]


@dataclass
class Cycle:
    """A rehearsal with what the tests ask of it."""

    rehearsal: Rehearsal
    runs: dict[str, Run] = field(default_factory=dict)

    def machine(self, system: str, side: str) -> str:
        """The machine of a system at a side."""
        return str(self.rehearsal.plan["systems"][system]["machines"][side])

    def tree(self, system: str, side: str) -> str:
        """What a tree of files holds at a side, as text that two sides must share."""
        paths = self.rehearsal.plan["systems"][system]["settings"]["paths"]
        return self.rehearsal.on(self.machine(system, side), TREE, *paths)

    def sql(self, system: str, side: str, database: str, statement: str) -> str:
        """What one statement gives at a side."""
        script = 'cd / && exec runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 --cluster "$2" -d "$1"'
        cluster = str(self.rehearsal.plan["systems"][system]["settings"]["cluster"])
        return self.rehearsal.on(self.machine(system, side), script, database, cluster, stdin=statement)

    def state(self) -> dict[str, str]:
        """What runs could change on the machines that are there."""
        shown = json.loads(self.rehearsal.lab("status", "--json").log.read_text())["machines"]
        there = [name for name in self.rehearsal.plan["machines"] if shown[name]["state"] == "running"]
        return {name: self.rehearsal.on(name, STATE) for name in there}

    def simulate(self, name: str, **options: Any) -> Run:
        """Run a driver with --check: it must say that it can be done, claim nothing, and touch nothing."""
        before = self.state()
        run = self.rehearsal.driver(name, check=True, **options)
        assert run.outcome.exit == 0, tail(run)
        after = self.state()
        changed = [line for name in before for line in set(before[name].splitlines()) ^ set(after[name].splitlines())]
        assert not changed, f"{name} --check touched: {changed}"
        claimed = {row["word"] for row in run.report.get("activities", ())}
        assert claimed <= {"simulated"}, claimed
        return run

    def drive(self, name: str, **options: Any) -> Run:
        """Run a driver; it must say that all is well."""
        run = self.rehearsal.driver(name, **options)
        assert run.outcome.exit == 0, tail(run)
        self.runs[name] = run
        return run


def tail(run: Run) -> str:
    """The end of a driver's log, for a person who reads a failed test."""
    lines = run.outcome.log.read_text(errors="replace").splitlines()
    return f"{run.outcome.name} ended with {run.outcome.exit}; {run.outcome.log}:\n" + "\n".join(lines[-60:])


@contextmanager
def started(name: str | Path, folder: Path) -> Iterator[Cycle]:
    """The lab of one of the policies beside this file, or of the one in a folder, up and compiled; it is taken down
    afterwards."""
    logs = folder / "logs"
    logs.mkdir()
    commands = Commands(logs, environment=clean_environment())
    rehearsal = Rehearsal(POLICIES / name / "policy.yml", folder / "build", commands)
    try:
        rehearsal.up()
        rehearsal.compile()
        yield Cycle(rehearsal)
    finally:
        rehearsal.down()


def whole(
    cycle: Cycle, facts: Facts, change: Callable[[Cycle, str], None], simulated: bool = False, **activate: Any
) -> None:
    """Build, lose, activate, come home, tear down. `facts(cycle, side)` must be the same at both sides whenever they
    should agree; `change(cycle, side)` works on the data of a side while that side serves. `simulated`: each driver
    is run with --check before."""
    before = facts(cycle, "primary")
    first = cycle.simulate if simulated else lambda *_words, **_options: None
    first("build", extra={"restart": "allowed"})
    cycle.drive("build", extra={"restart": "allowed"})
    assert facts(cycle, "primary") == before, "building the standby changed the primary"
    first("status")
    cycle.drive("status")
    cycle.rehearsal.lab("kill", "primary")
    first("activate", env=DECLARE)
    cycle.drive("activate", env=DECLARE, **activate)
    assert facts(cycle, "standby") == before
    expect_usable(cycle, "activate")
    first("verify")
    cycle.drive("verify")
    change(cycle, "standby")
    after = facts(cycle, "standby")
    assert after != before
    cycle.rehearsal.lab("start", "primary")
    first("failback")
    cycle.drive("failback")
    assert facts(cycle, "primary") == after
    # Where readers can go on all the while, nobody sees an outage, and so no time is measured.
    expect_usable(cycle, "failback", ("kept", "not_shown"))
    cycle.drive("verify")
    first("teardown", extra={"restart": "allowed"})
    cycle.drive("teardown", extra={"restart": "allowed"})
    expect_nothing_left(cycle)


def expect_usable(
    cycle: Cycle, driver: str, verdicts: tuple[str, ...] = ("kept",), activities: tuple[str, ...] = ()
) -> None:
    """Each activity was seen usable, with these verdicts at most, and no acknowledged record was lost."""
    rows = cycle.runs[driver].report["activities"]
    asked = activities or tuple(cycle.rehearsal.plan["activities"])
    assert {row["id"]: row["word"] for row in rows} == dict.fromkeys(asked, "usable")
    for row in rows:
        assert set(row["verdict"].values()) <= set(verdicts), row
        assert row["acknowledged"]["lost"] == 0, row


def expect_nothing_left(cycle: Cycle) -> None:
    """No unit, file or user of ours is on a machine of the standby."""
    look = "ls -d /etc/bascule /var/lib/bascule/copies 2>/dev/null; systemctl list-unit-files 'bascule-*' --no-legend"
    for name, machine in cycle.rehearsal.plan["machines"].items():
        if machine["site"] == "standby":
            left = cycle.rehearsal.on(name, look + "; true")
            assert not left.strip(), f"{name}: {left}"


@contextmanager
def person(cycle: Cycle, told: str, acts: Callable[[str], None]) -> Iterator[None]:
    """Somebody who reads what a run says and does it: `acts(driver)` once for each driver whose log holds `told`."""
    logs, ended, done = cycle.rehearsal.commands.folder, threading.Event(), set[Path]()

    def live() -> None:
        while not ended.wait(0.3):
            for log in {log for log in logs.glob("*-dr-*.log") if not log.stem.endswith("-check")} - done:
                if told in log.read_text(errors="replace"):
                    done.add(log)
                    acts(log.stem.split("dr-")[1])

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(30)


@contextmanager
def damaged(cycle: Cycle, machine: str, find: str) -> Iterator[None]:
    """The file that the script `find` prints on a machine is damaged for as long as this lasts."""
    path = cycle.rehearsal.on(machine, find).strip()
    assert path.startswith("/var/lib/bascule/copies/"), path
    assert "\n" not in path, path
    cycle.rehearsal.on(machine, FLIP, path)
    try:
        yield
    finally:
        cycle.rehearsal.on(machine, FLIP, path)


def bare_environment(folder: Path) -> str:
    """An ansible-playbook of an environment that has all that this one has, but for bascule."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    there = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    for item in Path(sysconfig.get_path("purelib")).iterdir():
        if "bascule" not in item.name and item.suffix != ".pth":
            (there / item.name).symlink_to(item)
    has = subprocess.run([str(python), "-c", "import bascule"], capture_output=True, timeout=30, check=False)
    assert b"ModuleNotFoundError" in has.stderr
    program = python.with_name("ansible-playbook")
    program.write_text(f"#!{python}\nfrom ansible.cli.playbook import main\nmain()\n")
    program.chmod(0o755)
    return str(program)
