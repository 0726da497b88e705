# SPDX-License-Identifier: Apache-2.0
"""What a policy leaves open, which options agree with what it does say, and the policy once these are chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bascule.choice.firm import Firm, firm_of
from bascule.choice.prices import PriceBook
from bascule.choice.problem import NEVER
from bascule.choice.program import Choice
from bascule.choice.ways import ACCEPT, LIVE, PILOT, REBUILD, RESTORE, WARM
from bascule.cloud import READINESS, readiness
from bascule.left_open import Open
from bascule.policy import Machine, Policy, Site
from bascule.policy import System as Written
from bascule.protections import protection
from bascule.providers import provider
from bascule.systems import type_of

_RUN, _LATE = frozenset({PILOT, WARM, LIVE}), frozenset({REBUILD, RESTORE})


def settled_firm(policy: Policy, book: PriceBook, left: Open) -> Firm:
    """Given a policy, its prices and what it leaves open, return the firm with those options that agree with it."""
    plain = _plain(policy, left)
    kept = {name: one.protect for name, one in plain.systems.items() if name not in left.systems and one.protect}
    firm = firm_of(plain, book, kept)
    systems = {}
    for name, system in firm.problem.systems.items():
        agree = set(_agreeing(plain, plain.systems[name], left))
        by_hand = {one.way.id for one in firm.ways[name] if one.way.by_hand}
        options = tuple(one for one in system.options if one.id in agree - by_hand)
        # What a written copy loses is lost whatever is chosen; `analyse` says so.
        bounds = system.may_lose_s if name in left.systems else (NEVER,) * len(system.may_lose_s)
        systems[name] = replace(system, options=options, may_lose_s=bounds)
    return replace(firm, problem=replace(firm.problem, systems=systems))


def _plain(policy: Policy, left: Open) -> Policy:
    """Return the policy with a readiness in the place of each `auto`, so that it can be looked at."""

    def plain(site: Site) -> Site:
        machines = {
            name: replace(one, readiness=None) if name in left.machines else one for name, one in site.machines.items()
        }
        return replace(site, readiness=READINESS if site.id in left.sites else site.readiness, machines=machines)

    return replace(policy, sites={name: plain(site) for name, site in policy.sites.items()})


def _agreeing(policy: Policy, written: Written, left: Open) -> Iterator[str]:
    """Yield the ways that agree with what is written of a system and of its machine at the standby."""
    machine = policy.machines[written.runs_on["standby"]]
    states = _states(policy, machine, left)
    kind = type_of(policy, written)
    if not kind.keeps(kind.settings(policy, written)):
        yield from states - {LIVE, RESTORE}
    elif written.id in left.systems:
        yield from states - {REBUILD}
    elif not written.protect:
        yield ACCEPT
    else:
        live = any(protection(item.by).live for item in written.protect)
        yield from states & ({LIVE} if live else {RESTORE, PILOT, WARM})


def _states(policy: Policy, machine: Machine, left: Open) -> frozenset[str]:
    """Return the ways that a machine leaves possible: by whether it runs before the disaster, or may."""
    site = policy.sites[machine.site]
    if not provider(site.provider).builds or _ends_the_link(site, machine):
        return _RUN
    if left.readiness(machine):
        return _RUN | _LATE
    said = readiness(site, machine)
    if said == "pilot":
        holds = any(one.protect or one.id in left.systems for one in policy.systems.values()
                    if one.runs_on["standby"] == machine.id)  # fmt: skip
        return _RUN if holds else _LATE
    return _RUN if said == "warm" else _LATE


def _ends_the_link(site: Site, machine: Machine) -> bool:
    # Copies come through it, so it is there before anything is lost.
    return bool(site.cloud and site.cloud.link and site.cloud.link.through == machine.id)


def decided(policy: Policy, firm: Firm, choice: Choice, left: Open) -> Policy:
    """Given a policy and the choice for it, return the policy with what was chosen in the place of what was open."""
    systems = {
        name: replace(one, protect=firm.way(name, choice.options[name].id).way.protect) if name in left.systems else one
        for name, one in policy.systems.items()
    }
    running = {policy.systems[name].runs_on["standby"] for name, option in choice.options.items() if option.id in _RUN}

    def ready(site: Site) -> Site:
        machines = {
            name: replace(one, readiness="warm" if name in running or _ends_the_link(site, one) else "cold")
            if left.readiness(one)
            else one
            for name, one in site.machines.items()
        }
        return replace(site, readiness=READINESS if site.id in left.sites else site.readiness, machines=machines)

    return replace(policy, systems=systems, sites={name: ready(site) for name, site in policy.sites.items()})
