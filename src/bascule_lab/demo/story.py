# SPDX-License-Identifier: Apache-2.0
"""The demonstration, step by step: a firm is built, loses its primary site, is recovered, and goes home again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from bascule_lab.demo import clients
from bascule_lab.demo.commands import FailedError
from bascule_lab.demo.rehearsal import Rehearsal, Run, beside_python, person, why
from bascule_lab.demo.table import duration

RESTART = {"restart": "allowed"}  # the databases of a rehearsal may be restarted for a setting
REASON = "rehearsal: the primary site is gone without warning"
SETTLE_S = 1.0  # after this, nothing that the dead site acknowledged is still on its way into the clients' books


@dataclass(frozen=True)
class Told:
    """A step that was told: its name, its seconds, and what it was about."""

    name: str
    text: str
    seconds: float


@dataclass
class Story:
    """What the steps share. `work_s`: how long the firm works before the loss; `out`: where it is told."""

    rehearsal: Rehearsal
    out: TextIO
    work_s: float = 20.0
    told: list[Told] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    people: clients.Clients | None = None
    lost_at: float = 0.0
    after: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    current: str = ""

    def tell(self, name: str, text: str, work: Callable[[], object]) -> None:
        """One step: say what happens, do it, say how long it took. Errors pass through; `current` says where."""
        self.current = name
        number = len(self.told) + 1
        self.say(f"{number:2}  {text}")
        began = time.monotonic()
        work()
        self.told.append(Told(name, text, time.monotonic() - began))
        self.say(f"      done in {duration(self.told[-1].seconds)}")

    def say(self, text: str) -> None:
        """One line of the story."""
        print(text, file=self.out, flush=True)

    @property
    def caveat(self) -> str:
        """What a reader of the figures must know, or nothing."""
        return ""

    def prepare(self) -> None:
        """From an empty computer to a firm at work."""
        self.tell(
            "up",
            "Bring the firm up on this computer: its sites, its machines, real services with data in them",
            self.rehearsal.up,
        )

    def compile(self) -> None:
        """Compile the policy."""
        self.rehearsal.compile()

    def before_build(self) -> None:
        """For a story that shows first what is built."""

    def before_activate(self) -> None:
        """For a story that shows first what is built."""

    def after_teardown(self) -> None:
        """For a story that asks somebody else what is left."""

    def begin(self) -> None:
        """From an empty computer to a firm at work with a standby."""
        self.prepare()
        self.tell("compile", "Compile the policy into a folder that stands alone", self.compile)
        self.before_build()
        self.tell(
            "build",
            "Build the standby site and wait for the first usable copy of every system",
            lambda: self.drive("build", extra=RESTART),
        )
        self.people = clients.of(self.rehearsal)
        self.tell("work", f"People work from outside for {duration(self.work_s)}: {self.who()}", self.work)

    def lose(self) -> None:
        """The disaster, and the recovery."""
        self.tell("kill", "The primary site is gone: all its machines, at one instant, without warning", self.kill)
        self.before_activate()
        self.tell(
            "activate", "Activate the standby site", lambda: self.drive("activate", env={"BASCULE_DECLARE": REASON})
        )
        self.tell(
            "verify",
            "Ask the standby site, in a fresh process, whether it is what the plan says",
            lambda: self.drive("verify"),
        )

    def come_home(self) -> None:
        """The way back, and the proof that nothing acknowledged was lost on it."""
        self.tell(
            "start",
            "The primary site gets its power back, with the data of that day on its disks",
            lambda: self.rehearsal.lab("start", "primary"),
        )
        self.tell(
            "failback",
            "Bring the data home, switch back as planned, people still at work",
            lambda: self.drive("failback"),
        )
        self.tell("count", "Look for everything that was acknowledged since the disaster", self.count)
        self.tell(
            "verify-home",
            "Ask the primary site, in a fresh process, whether it is what the plan says",
            lambda: self.drive("verify", key="verify-home"),
        )

    def finish(self) -> None:
        """Leave nothing behind."""
        self.tell(
            "teardown",
            "Remove the standby and prove that nothing of it is left",
            lambda: self.drive("teardown", extra=RESTART),
        )
        self.after_teardown()
        self.tell("down", "Take the lab down", self.rehearsal.down)

    def drive(
        self,
        driver: str,
        *,
        key: str = "",
        extra: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = False,
    ) -> None:
        """Run a driver that must succeed, and keep its report under its name (or `key`). `check`: only show it."""
        run = self.rehearsal.driver(driver, extra=extra, env=env, check=check)
        self.runs[key or driver] = run
        if run.outcome.exit:
            raise FailedError(f"dr-{driver} ended with {run.outcome.exit}: {why(run)}", run.outcome.log)

    def who(self) -> str:
        """Who works, in a sentence."""
        if self.people is None:
            return "nobody, since the policy has no observer with a transaction of its own"
        return f"they use {', '.join(self.people.activities)} through the names that users type"

    def work(self) -> None:
        """Let people begin, and go on for a while; each activity must have acknowledged something by then."""
        if self.people is None:
            return
        began = time.time()
        self.people.start()
        time.sleep(self.work_s)
        idle = [name for name, count in self.people.count(began).items() if not count["acknowledged"]]
        if idle:
            raise FailedError(f"Nothing was acknowledged for {', '.join(idle)} before the disaster.")

    def kill(self) -> None:
        """Take the power from the primary site."""
        self.rehearsal.lab("kill", "primary")
        self.lost_at = time.time() + SETTLE_S

    def count(self) -> None:
        """Send people home and compare what was acknowledged since the disaster with what is there."""
        if self.people is None:
            return
        self.people.stop()
        self.after = self.people.count(self.lost_at)
        lost = {name: count["lost"] for name, count in self.after.items() if count["lost"]}
        if lost:
            told = ", ".join(f"{count} of {name}" for name, count in lost.items())
            raise FailedError(f"Records that the standby had acknowledged are gone after the way back: {told}.")

    def close(self) -> None:
        """The end, whatever came before it."""

    def look_around(self, keep: str) -> list[str]:
        """How to look around in a lab that was left running, line by line."""
        policy, build = self.rehearsal.policy, self.rehearsal.build
        root = "sudo " if person() else ""
        lab = beside_python("bascule-lab")
        return [
            keep,
            f"  {root}{lab} status {policy}",
            f"  {root}{lab} ssh {policy} MACHINE",
            f'  eval "$({lab} env {policy})"   # the secrets of the rehearsal',
            f"  cd {build} && {beside_python('ansible-playbook')} dr-status.yml",
            f"  {root}{lab} down {policy}   # when you are done",
        ]
