# SPDX-License-Identifier: Apache-2.0
"""The demonstration of a firm whose standby is built in a cloud: the same story, with what is built shown before, and
asked for after."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule_lab.demo.cloud import Cloud
from bascule_lab.demo.commands import FailedError
from bascule_lab.demo.rehearsal import Run, why
from bascule_lab.demo.story import REASON, Story

DOUBLE = (
    "The cloud is a double (moto behind Pulumi's engine): what was built in it is simulated. Machines, link, copies "
    "and recovery were real."
)
VERBS = ("create", "update", "replace", "delete", "same")
ACTIONS = {"previewed": "preview", "present": "built", "absent": "destroyed", "saved": "as it was saved"}


@dataclass
class CloudStory(Story):
    """The story, and the cloud that it is told on."""

    cloud: Cloud = field(kw_only=True)

    @property
    def caveat(self) -> str:
        """What a reader of the figures must know."""
        return DOUBLE

    def prepare(self) -> None:
        """The engine and the double, then as everywhere."""
        self.tell("engine", "Find Pulumi's engine, or build it from its Go modules (minutes, once)", self.provide)
        super().prepare()
        self.tell("cloud", "Start a double of AWS on this computer: nothing of it is AWS", self.cloud.start)

    def provide(self) -> None:
        """The engine."""
        self.cloud.provide_engine()
        self.say(f"      {self.cloud.engine}")

    def compile(self) -> None:
        """Compile the policy, with the state of what is built in the demonstration's own folder."""
        self.rehearsal.compile(self.cloud.to_compile())

    def before_build(self) -> None:
        """What the build would make."""
        self.tell(
            "preview",
            "Preview the standby site: what would be built, before anything is",
            lambda: self.show("build", "preview"),
        )

    def before_activate(self) -> None:
        """What the activation would make, while the firm is down."""
        self.tell(
            "preview-activation",
            "Preview the activation: what would be built, and what would not be touched",
            lambda: self.show("activate", "preview-activation", {"BASCULE_DECLARE": REASON}),
        )

    def show(self, driver: str, key: str, env: Mapping[str, str] | None = None) -> None:
        """Let a driver show what it would do. Raises FailedError when it does not come to the cloud."""
        run = self.rehearsal.driver(driver, env=env, check=True)
        self.runs[key] = run
        told = stacks(run)
        if not told:
            raise FailedError(f"dr-{driver} --check showed nothing of the cloud: {why(run)}", run.outcome.log)
        self.tell_stacks(told)

    def after_teardown(self) -> None:
        """The proof."""
        self.tell("proof", "Ask the account itself, and this computer, what is left of the standby", self.prove)

    def prove(self) -> None:
        """Nothing with our tag, no instance. Raises FailedError with what is left."""
        left = self.cloud.left()
        machines = [name for name, row in self.rehearsal.status()["machines"].items() if row.get("instance")]
        if left or machines:
            raise FailedError(f"After the teardown there are still {', '.join([*left, *machines])}.")
        self.say("      no resource carries the policy's tag, no instance is there")

    def close(self) -> None:
        """The double goes, with all that is in it."""
        self.cloud.stop()

    def look_around(self, keep: str) -> list[str]:
        """And how the drivers find the double."""
        given = self.cloud.environment()
        lines = [f"  export {name}={shlex.quote(value)}" for name, value in given.items()]
        server = self.cloud.server
        end = [f"  kill {server.pid}   # the double of AWS, when you are done"] if server else []
        return [*super().look_around(keep), "  # for the drivers, so that they find the double of AWS:", *lines, *end]

    def drive(self, driver: str, *, key: str = "", **how: Any) -> None:
        """As everywhere, and what it did in the cloud."""
        super().drive(driver, key=key, **how)
        self.tell_stacks(stacks(self.runs[key or driver]))

    def tell_stacks(self, told: list[Mapping[str, Any]]) -> None:
        """A line for each time that something was done or shown in the cloud."""
        for event in told:
            self.say(f"      the cloud (a double): {summary(event)}")


def stacks(run: Run) -> list[Mapping[str, Any]]:
    """What a run did in the cloud: the events of its journal."""
    path = (run.folder or Path()) / "journal.jsonl"
    if not path.is_file():
        return []
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return [event for event in events if event.get("event") == "stack"]


def summary(event: Mapping[str, Any]) -> str:
    """`preview for activate: 12 create, 40 same in 6 s`. `looked`: nothing was done."""
    counts = event.get("summary") or {}
    told = ", ".join(f"{counts[verb]} {verb}" for verb in VERBS if counts.get(verb)) or "nothing to do"
    phase = f" for {event['phase']}" if event.get("phase") else ""
    action = "preview" if event.get("looked") else ACTIONS.get(str(event.get("action")), "changed")
    return f"{action}{phase}: {told} in {float(event.get('seconds') or 0):.0f} s"
