# SPDX-License-Identifier: Apache-2.0
"""The lines of a policy between its sites: what copies take on their way, and what bringing them back takes."""

from __future__ import annotations

from bascule.analysis.transfer import LINE, Pace, seconds, slowest
from bascule.assumptions import RATES
from bascule.plan import Part
from bascule.policy import Policy
from bascule.policy import System as Written
from bascule.protections import Volume
from bascule.values import DAY


def line(policy: Policy, here: str, there: str) -> Pace | None:
    """Given two sites, return the fastest line that the policy declares from the first to the second."""
    found = []
    for resource in policy.resources.values():
        if resource.line and {resource.line.here, resource.line.there} == {here, there}:
            rate = resource.line.bytes_per_s if resource.line.here == here else resource.line.back_bytes_per_s
            found.append(Pace(resource.id, rate, "declared", LINE))
    return max(found, key=lambda pace: pace.usable, default=None)


def sending_s(policy: Policy, here: str, there: str, volume: Volume, interval_s: float) -> float:
    """Return how long it takes to send what changes in an interval over the declared line; 0 where none is declared,
    since what copies take otherwise is counted already.
    """
    pace = line(policy, here, there)
    return seconds(volume.change_bytes_per_day * interval_s / DAY, [pace]) if pace else 0.0


def fetching(policy: Policy, here: str, there: str, volume: Volume) -> Part:
    """Return what it takes to bring all of the data from one site to another: the line decides, or the disk there."""
    pace = line(policy, here, there) or Pace("line", RATES["line"], "default", LINE)
    way = [pace, Pace("disk", volume.restore_bytes_per_s, volume.source)]
    source = "declared" if slowest(way).source == volume.source == "declared" else "default"
    return Part("fetch", round(seconds(volume.size_bytes, way), 1), source)


def overfull(policy: Policy, here: str, there: str, written: list[Written]) -> tuple[Pace, float] | None:
    """Return the line between two sites with the bytes a second that the declared changes of some systems make, when
    these are more than it can take.
    """
    pace = line(policy, here, there)
    load = sum(system.change_bytes_per_day or 0 for system in written) / DAY
    return (pace, load) if pace and load > pace.usable else None
