# SPDX-License-Identifier: Apache-2.0
"""The copies of a policy as JSON values: what each one lacks at most, 3-2-1-1-0, and what rehearsing them is worth."""

from __future__ import annotations

from typing import Any

from bascule.analysis.copies import Copy
from bascule.analysis.durability import Copies, mean_years_to_loss
from bascule.analysis.firm_risks import accounts_on
from bascule.analysis.independence import APART, AWAY, Holding, Independence, independence
from bascule.analysis.model import Model
from bascule.assumptions import LATENT_H, TOGETHER
from bascule.codec import encode
from bascule.policy import Policy

Json = dict[str, Any]
ORIGINAL = "original"
_HOUR_S = 3600


def copies(policy: Policy, model: Model) -> Json:
    """Given a policy and its model, return for each system that keeps data where these are, and what is missing."""
    return {name: _system(policy, model, name) for name, system in model.systems.items() if system.keeps}


def rehearsed_s(policy: Policy) -> float | None:
    """Return how often restoring is rehearsed for real; None when it is only talked through, or never."""
    return policy.drills.every_s if policy.drills and policy.drills.kind == "technical" else None


def _system(policy: Policy, model: Model, name: str) -> Json:
    system, written = model.systems[name], policy.systems[name]
    original = _holding(policy, ORIGINAL, f"machine:{written.runs_on['primary']}", written.type)
    held = [
        # A live copy is of the technology of the original.
        _holding(policy, copy.id, copy.at, written.type if copy.live else copy.technology)
        for copy in system.copies
    ]
    rule = independence(original, held, rehearsed_s(policy), bool(policy.accounts))
    return {
        "original": encode(original),
        "copies": [{**encode(one), **_copy(copy)} for one, copy in zip(held, system.copies, strict=True)],
        "rule": encode(rule),
        "rehearsed": _rehearsed(policy, system.copies, rule),
    }


def _holding(policy: Policy, id_: str, at: str, technology: str) -> Holding:
    """Return what is held at a node: a machine, or the bucket of a site."""
    kind, _, name = at.partition(":")
    site = policy.sites[policy.machines[name].site if kind == "machine" else name]
    place = name if kind == "machine" else f"{kind} {name}"
    return Holding(id_, place, site.id, technology, accounts_on(policy, at, site.id), site.hazards)


def _copy(copy: Copy) -> Json:
    return {"worst_loss_s": copy.worst_loss_s, "keep_s": copy.keep_s, "live": copy.live}


def _rehearsed(policy: Policy, held: tuple[Copy, ...], rule: Independence) -> Json | None:
    """Return what rehearsing is worth: after how long a copy that went bad is found, and how many times longer the data
    last than with copies that nobody ever checks. None without a rehearsal or without a copy.
    """
    every_s = rehearsed_s(policy)
    if every_s is None or not held:
        return None
    repair_h = min(sum(part.seconds for part in copy.bring) for copy in held) / _HOUR_S
    together = TOGETHER if {AWAY, APART} & set(rule.missing) else 1.0
    checked = Copies(LATENT_H, repair_h, every_s / _HOUR_S, together)
    never = Copies(LATENT_H, repair_h, None, together)
    years = mean_years_to_loss(checked)
    return {"found_after_s": checked.unseen_h * _HOUR_S, "times_longer": round(years / mean_years_to_loss(never), 1)}
