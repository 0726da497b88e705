# SPDX-License-Identifier: Apache-2.0
"""A policy and its price book as a problem: the ways of each system in numbers, what stops cost, what is shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bascule.analysis.firm import model_of
from bascule.analysis.firm_graph import RECOVERY
from bascule.analysis.model import Activity, Model
from bascule.analysis.report_risks import standby
from bascule.assumptions import SECONDS
from bascule.choice.costs import Cost, costs_of
from bascule.choice.meets import Blow, Met, blows, meets, stripped
from bascule.choice.prices import PriceBook
from bascule.choice.problem import NEVER, Group, Item, Option, Problem, Stop, System
from bascule.choice.stopping import knots
from bascule.choice.ways import Wanted, Way, ways_of
from bascule.ordering import Shape, shape_of
from bascule.policy import Policy, Protection
from bascule.providers import provider
from bascule.values import DAY

KEEP_S = 30 * DAY
# Whoever builds the site when it is needed makes everybody wait for that.
BUILT = "built:standby"


@dataclass(frozen=True)
class Priced:
    """A way of a system, what it costs, and what it comes to in each scenario."""

    way: Way
    costs: tuple[Cost, ...]
    met: tuple[Met, ...]

    @property
    def missing(self) -> tuple[Cost, ...]:
        """What it needs and nobody has written a price for."""
        return tuple(cost for cost in self.costs if cost.line is None)

    @property
    def own(self) -> float:
        """What it costs a year beside what is shared."""
        return round(sum(cost.per_year or 0.0 for cost in self.costs if cost.shared is None), 2)

    @property
    def alone(self) -> float:
        """What it would cost a year if it shared nothing."""
        return round(sum(cost.per_year or 0.0 for cost in self.costs), 2)


@dataclass(frozen=True)
class Firm:
    """A policy as it is chosen for. ``helpless``: scenarios under which no recovery can be begun, by group."""

    policy: Policy
    model: Model
    shape: Shape
    blows: tuple[Blow, ...]
    ways: Mapping[str, tuple[Priced, ...]]
    problem: Problem
    helpless: Mapping[str, tuple[str, ...]]

    def way(self, system: str, option: str) -> Priced:
        """Given a system and the id of a way, return it. Raise StopIteration when there is no such way."""
        return next(one for one in self.ways[system] if one.way.id == option)


def firm_of(policy: Policy, book: PriceBook, fixed: Mapping[str, tuple[Protection, ...]] | None = None) -> Firm:
    """Given a policy whose references are right and its prices, return it as it is chosen for. The copies of systems
    in ``fixed`` are as they are written, not as they should be.
    """
    shape, bare, whole = shape_of(policy), model_of(stripped(policy)), model_of(policy)
    found = blows(bare)
    days = float(standby(whole)["active_days_per_year"])
    ways = {}
    for name, written in policy.systems.items():
        made = ways_of(policy, written, replace(wanted(policy, shape, name), written=(fixed or {}).get(name, ())))
        ways[name] = tuple(
            Priced(
                way, costs_of(policy, book, written, way, days), tuple(meets(bare, name, way, blow) for blow in found)
            )
            for way in made
        )
    helpless = {
        group: tuple(blow.id for blow in found if _hit(bare, members, blow) and RECOVERY in blow.struck.down)
        for group, members in shape.groups.items()
    }
    return Firm(policy, bare, shape, found, ways, _problem(policy, shape, bare, found, ways, helpless), helpless)


def wanted(policy: Policy, shape: Shape, system: str) -> Wanted:
    """Given a system, return what its copies should be: the strictest promise of what depends on it decides."""
    bound = {system, *policy.systems[system].consistent_with}
    bound |= {name for name, one in policy.systems.items() if system in one.consistent_with}
    losses = [activity.target.rpo_s for name, activity in policy.activities.items() if bound & set(shape.depends[name])]
    unseen_s = max((risk.unseen_s or 0 for risk in policy.risks.values()), default=0)
    keep_s = max(KEEP_S, -(-(unseen_s + DAY) // DAY) * DAY if unseen_s else 0)
    return Wanted(min(losses, default=DAY), keep_s, _key(policy))


def _key(policy: Policy) -> str | None:
    """Return the secret that copies are encrypted with: that of the other copies, else the one named `copies-key`."""
    used = dict.fromkeys(copy.key for system in policy.systems.values() for copy in system.protect if copy.key)
    return next(iter(used), "copies-key" if "copies-key" in policy.secrets else None)


def _hit(bare: Model, members: Sequence[str], blow: Blow) -> bool:
    return any(bare.activities[name].serves in blow.struck.down for name in members)


def _problem(
    policy: Policy,
    shape: Shape,
    bare: Model,
    found: Sequence[Blow],
    ways: Mapping[str, tuple[Priced, ...]],
    helpless: Mapping[str, tuple[str, ...]],
) -> Problem:
    systems = {}
    for name in shape.order:
        options = tuple(_option(policy, name, one) for one in ways[name] if not one.missing)
        after = tuple(other for other in shape.after[name])
        systems[name] = System(options, after, _may_lose(policy, shape, name, found))
    groups = {}
    for group, members in shape.groups.items():
        hit = [bare.activities[name] for name in members]
        stops = tuple(None if blow.id in helpless[group] else _stop(policy, members, hit, blow) for blow in found)
        groups[group] = Group(shape.moves[group], stops)
    return Problem(systems, groups, _items(policy, ways), policy.organisation.budget)


def _option(policy: Policy, system: str, priced: Priced) -> Option:
    shared = [cost.shared for cost in priced.costs if cost.shared]
    if not priced.way.runs and priced.way.begin and _builds(policy, system):
        shared.append(BUILT)
    return Option(
        id=priced.way.id,
        cost=priced.own,
        items=tuple(dict.fromkeys(shared)),
        waits_s=tuple(met.waits_s for met in priced.met),
        takes_s=tuple(met.takes_s for met in priced.met),
        loses_s=tuple(met.loses_s for met in priced.met),
    )


def _builds(policy: Policy, system: str) -> bool:
    site = policy.machines[policy.systems[system].runs_on["standby"]].site
    return provider(policy.sites[site].provider).builds


def _items(policy: Policy, ways: Mapping[str, tuple[Priced, ...]]) -> dict[str, Item]:
    """Return what options share. A machine stands on the resources that have a price of their own."""
    found: dict[str, Item] = {}
    for cost in (cost for options in ways.values() for one in options for cost in one.costs):
        if cost.shared:
            found[cost.shared] = Item(round(cost.per_year or 0.0, 2))
    return {**found, BUILT: Item(0.0, SECONDS["build_machines"])}


def _may_lose(policy: Policy, shape: Shape, system: str, found: Sequence[Blow]) -> tuple[float, ...]:
    """Return, by scenario, the most that a system may lose: its strictest promise, on top of what nobody could see."""
    bound_s = wanted(policy, shape, system).loss_s if system in shape.group_of else NEVER
    return tuple(NEVER if policy.risks[blow.id].accepted else bound_s + blow.struck.scenario.unseen_s for blow in found)


def _stop(policy: Policy, members: Sequence[str], activities: Sequence[Activity], blow: Blow) -> Stop | None:
    hit = list(_struck(members, activities, blow))
    if not hit:
        return None
    limit_s = NEVER if policy.risks[blow.id].accepted else min(activity.rto_s for activity in hit)
    return Stop(blow.fixed_s, limit_s, knots([one.stakes for one in hit], blow.struck.scenario.per_year, blow.lasts_s))


def _struck(members: Sequence[str], activities: Sequence[Activity], blow: Blow) -> Iterator[Activity]:
    yield from (one for _, one in zip(members, activities, strict=True) if one.serves in blow.struck.down)
