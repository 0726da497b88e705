# SPDX-License-Identifier: Apache-2.0
"""How copies are made. A protection is one module here and one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bascule import policy
from bascule.plan import Json, Loss, Part
from bascule.registry import registered

MACHINE, BUCKET = "machine", "bucket"
# Those that write to a bucket.
IN_A_BUCKET = frozenset({"restic"})
KINDS = {
    "streaming": "bascule.protections.streaming:KIND",
    "pgbackrest": "bascule.protections.pgbackrest:KIND",
    "restic": "bascule.protections.restic:KIND",
    "image": "bascule.protections.image:KIND",
    "changed-blocks": "bascule.protections.changed_blocks:KIND",
}


@dataclass(frozen=True)
class Volume:
    """How much data: its size, how much of it changes in a day, and how fast it is read back where it is recovered.

    ``source``: ``declared`` when size and speed were, else ``default``.
    """

    size_bytes: int
    change_bytes_per_day: int
    restore_bytes_per_s: float
    source: str


@dataclass(frozen=True)
class Protection:
    """What a protection decides.

    ``entry(policy id, system, protection)``: what stands in the plan, total. ``loss(entry)``: the most that is lost
    with the site. ``bring(entry, volume)``: what brings the data to where it is served, in order. ``gathers(entry)``:
    for how many seconds updates are gathered before they are sent; the rest of the loss is their way.
    ``within(loss, keep, key)``: how to write it so that at most so many seconds are lost, where that can be had, and
    copies reach back so far. ``live``: whether damage is repeated at once. ``bounded_by``: the key that bounds the
    loss, as the user wrote it.
    """

    entry: Callable[[str, policy.System, policy.Protection], Json]
    loss: Callable[[Json], Loss]
    bring: Callable[[Json, Volume], tuple[Part, ...]]
    gathers: Callable[[Json], float]
    within: Callable[[float, int, str | None], policy.Protection]
    live: bool = False
    bounded_by: str | None = None


def protection(name: str) -> Protection:
    """Given the name of a protection, return it. Raise UnknownKind when there is none."""
    found: Protection = registered(KINDS, name, "protection")
    return found


def longest(spans_s: Sequence[int], most_s: float) -> int:
    """Given spans that people write, shortest first, return the longest that is not above the most; else the first."""
    return max((span for span in spans_s if span <= most_s), default=spans_s[0])


def repository(policy_id: str, system_id: str) -> str:
    """Return the folder, on the machine of the standby, that holds the copies of a system."""
    return f"/var/lib/bascule/copies/{policy_id}/{system_id}"


def placed(entry: Json, system_id: str, late: bool) -> Json:
    """Given a protection as planned, the id of its system, and whether the machine of the standby is only built when it
    is needed, return it with the ``place`` of its copies: that `machine`, or the `bucket` of the site.

    In a bucket, ``repository`` is a folder of it; its name tells the identities of the stack what may be deleted there.
    """
    if "repository" not in entry:
        return entry
    if not late:
        return {**entry, "place": MACHINE}
    return {**entry, "place": BUCKET, "repository": f"copies/{entry['by']}-{system_id}"}


def named(key: str | None) -> Json | None:
    """Given the name of a secret or None, return how the plan refers to it."""
    return None if key is None else {"secret": key}
