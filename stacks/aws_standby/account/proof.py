# SPDX-License-Identifier: Apache-2.0
"""What is left of ours in the account, and taking it away by its tags alone, without the engine and its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from automation.ask import Ask

from account.access import identity, simulated
from account.listing import owned
from account.prices import as_of
from account.removal import ORDER, remove
from account.serving import refuse_serving
from account.things import Thing

Say = Callable[..., None]
Result = dict[str, Any]
PAUSE_S = 10
# What is refused for a while, since something that hangs on it is not gone yet.
NOT_YET = ("DependencyViolation", "has dependencies", "in use", "InUse", "DeleteConflict", "must be detached")
LIMIT_S = 900


def left(ask: Ask, say: Say) -> Result:
    """What carries the tag of the policy now: `things`, those that cost nothing and go by themselves in `going`."""
    region = str(ask.facts["region"])
    who = identity(region)
    things, unknown = owned(ask.policy, region)
    return {**_facts(who), "unknown": unknown, **_sorted(things, region)}


def sweep(ask: Ask, say: Say) -> Result:
    """Remove what `facts` ask for: `drills: expired`, or `everything`. Raise Trouble for a standby that serves."""
    region, limit_s = str(ask.facts["region"]), float(ask.facts.get("limit_s") or LIMIT_S)
    pause_s = float(ask.facts.get("pause_s") or PAUSE_S)
    who = identity(region)
    before, _unknown = owned(ask.policy, region)
    _refuse_serving(ask, before)
    deadline, refused, chosen = time.monotonic() + limit_s, {}, _chosen(ask, before)
    removed = [thing.id for thing in chosen]
    while chosen:
        refused = _round(chosen, region, say)
        things, unknown = owned(ask.policy, region)
        chosen = _chosen(ask, things)
        if not _worth_waiting(chosen, refused) or time.monotonic() > deadline:
            break
        say("waiting", seconds=pause_s, message=next(iter(refused.values()), ""))
        time.sleep(pause_s)
    things, unknown = owned(ask.policy, region)
    still = {thing.id for thing in things}
    found = _sorted(_chosen(ask, things), region)
    for entry in found["things"]:
        entry["why"] = refused.get(entry["id"], "")
    return {
        **_facts(who),
        "unknown": unknown,
        "changed": bool(removed),
        "removed": [name for name in removed if name not in still],
        **found,
    }


def _facts(who: dict[str, str]) -> Result:
    """Whose account was asked, whether that is the provider's at all, and of when prices are."""
    return {"account": who["account"], "simulated": simulated(), "prices": as_of()}


def _round(chosen: list[Thing], region: str, say: Say) -> dict[str, str]:
    refused = {}
    for thing in sorted(chosen, key=lambda thing: ORDER.index(thing.kind) if thing.kind in ORDER else len(ORDER)):
        # A key goes last: locked copies cannot be read without it.
        if thing.kind == "kms-key" and any("locked" in why for why in refused.values()):
            refused[thing.id] = "copies that are locked were closed with it"
            continue
        why = remove(thing, region)
        say("removed" if not why else "refused", kind=thing.kind, id=thing.id, message=why)
        if why:
            refused[thing.id] = why
    return refused


def _worth_waiting(chosen: list[Thing], refused: dict[str, str]) -> bool:
    """Whether something that is still there may go in a while: it is on its way, or something that goes hangs on it."""
    return any(
        not thing.detail.get("goes_at")
        and (thing.id not in refused or any(word in refused[thing.id] for word in NOT_YET))
        for thing in chosen
    )


def _chosen(ask: Ask, things: Iterable[Thing]) -> list[Thing]:
    today = str(ask.facts.get("today") or datetime.now(UTC).date().isoformat())
    if ask.facts.get("everything"):
        return list(things)
    return [thing for thing in things if thing.expired(today)]


def _refuse_serving(ask: Ask, things: Iterable[Thing]) -> None:
    if not ask.facts.get("everything") or ask.facts.get("home"):
        return
    refuse_serving(thing.machine or thing.id for thing in things if thing.kind == "instance" and not thing.drill)


def _sorted(things: Iterable[Thing], region: str) -> Result:
    """What is there, and apart from it what is on its way."""
    told = sorted((thing.told(region) for thing in things), key=lambda entry: (entry["kind"], entry["id"]))
    return {
        "things": [entry for entry in told if not entry.get("goes_at")],
        "going": [entry for entry in told if entry.get("goes_at")],
    }
