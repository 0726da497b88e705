# SPDX-License-Identifier: Apache-2.0
"""Something in the account that carries our tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from account import prices

POLICY, PLAN, PHASE, MACHINE = "bascule:policy", "bascule:plan", "bascule:phase", "bascule:machine"
DRILL, EXPIRES = "bascule:drill", "bascule:expires"


@dataclass(frozen=True)
class Thing:
    """``kind`` is one of `removal.ORDER` where we know it; ``detail`` holds what its price and its end depend on."""

    kind: str
    id: str
    tags: Mapping[str, str]
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def machine(self) -> str:
        """The machine of the plan that it is, or is for; empty for others."""
        return self.tags.get(MACHINE, "")

    @property
    def drill(self) -> str:
        """The drill that it belongs to; empty for what is no drill's."""
        return self.tags.get(DRILL, "")

    def expired(self, today: str) -> bool:
        """Whether it belongs to a drill whose day (ISO) is over."""
        return bool(self.drill) and bool(self.tags.get(EXPIRES)) and self.tags[EXPIRES][:10] < today

    def told(self, region: str) -> dict[str, Any]:
        """What the journal and the report say of it."""
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.machine or self.tags.get("Name", ""),
            "drill": self.drill,
            "expires": self.tags.get(EXPIRES, ""),
            "phase": self.tags.get(PHASE, ""),
            "a_day": prices.a_day(self.kind, self.detail, region),
            **{k: v for k, v in self.detail.items() if k in TOLD},
        }


# Details that are told, beside what everything has.
TOLD = frozenset({"locked_until", "goes_at", "copies", "bytes", "type", "size_gib"})


def tags(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a dictionary, from the lists that services give: keys `Key` and `Value`, or the same in small letters."""
    found = {}
    for pair in pairs or ():
        key = pair.get("Key") or pair.get("key") or pair.get("TagKey") or ""
        found[str(key)] = str(pair.get("Value") or pair.get("value") or pair.get("TagValue") or "")
    return found
