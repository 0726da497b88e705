# SPDX-License-Identifier: Apache-2.0
"""What the engine says while it works, as few plain events; and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation import EngineEvent

Say = Callable[..., None]
# How a provider that is none of the cloud's says so.
DOUBLE = "provider: double"
UNCHANGED = frozenset({"same", "read", "refresh"})
# Parts of one replacement that the engine also tells one by one.
PARTS = frozenset(
    {"create-replacement", "delete-replaced", "discard-replaced", "read-replacement", "remove-pending-replace"}
)
STACK = "pulumi:pulumi:Stack"


@dataclass
class Seen:
    """Listens to the engine. ``done`` are steps that came to their end, ``steps`` those that were begun or planned."""

    say: Say
    steps: list[dict[str, Any]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    provider: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, event: EngineEvent) -> None:
        """Take the next event in."""
        if event.resource_pre_event:
            self._step(event.resource_pre_event.metadata, self.steps, "step")
        elif event.res_outputs_event:
            self._step(event.res_outputs_event.metadata, self.done, "done")
        elif event.diagnostic_event:
            self._diagnostic(event.diagnostic_event)
        elif event.policy_event:
            self._rule(event.policy_event)
        elif event.summary_event:
            self.counts = {_name(op): count for op, count in (event.summary_event.resource_changes or {}).items()}

    @property
    def simulated(self) -> bool:
        """Whether the provider said that it is a double."""
        return bool(self.provider)

    def summary(self) -> dict[str, int]:
        """How many resources each operation was for: as the engine counts, else what came to its end."""
        return self.counts or dict(Counter(step["op"] for step in self.done if step["op"] not in PARTS))

    def changed(self) -> bool:
        """Whether anything but what is there already was planned or done."""
        return any(step["op"] not in UNCHANGED for step in [*self.steps, *self.done])

    def planned(self) -> list[dict[str, Any]]:
        """Steps that change something, each once, sorted by resource."""
        found = {(step["urn"], step["op"]): step for step in self.steps if step["op"] not in UNCHANGED | PARTS}
        return [found[key] for key in sorted(found)]

    def _step(self, about: Any, where: list[dict[str, Any]], event: str) -> None:
        if about.type == STACK:
            return
        step = {"op": _name(about.op), "urn": about.urn, "type": about.type}
        where.append(step)
        if step["op"] not in UNCHANGED:
            self.say(event, **step)

    def _diagnostic(self, about: Any) -> None:
        message = about.message.strip()
        if message.startswith(DOUBLE):
            self.provider = self.provider or message
        if about.severity == "error":
            self.failures.append(f"{_subject(about.urn)}{message}")
        if about.severity in ("error", "warning") and not about.ephemeral:
            self.say("said", severity=about.severity, urn=about.urn, message=message)

    def _rule(self, about: Any) -> None:
        told = f"{_subject(about.resource_urn)}{about.message.strip()}"
        self.say("said", severity=about.enforcement_level, urn=about.resource_urn, message=told)
        if about.enforcement_level == "mandatory":
            self.rules.append(told)


def _name(operation: Any) -> str:
    return str(getattr(operation, "value", operation))


def _subject(urn: str | None) -> str:
    return f"{urn.rpartition('::')[2]}: " if urn else ""
