# SPDX-License-Identifier: Apache-2.0
"""What calls for help: copies that grow old, machines that fail, money. Not in drills, which somebody is looking at.

The age of the newest copy of each system is a metric (`Bascule`/`CopyAge`, seconds), reported by the machine that holds
the copies, or by the one that makes them where they are in the bucket alone. Nothing reported is an alarm too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standby_aws.decisions.marks import Mark, mark
from standby_aws.inputs import Situation
from standby_aws.money import dollars

NAMESPACE = "Bascule"
METRIC = "CopyAge"
PERIOD_S = 300
# A copy may be missed once; then somebody is called.
_MISSED = 2
# An office's line is gone for some minutes now and then; a machine in AWS has no such excuse.
_PERIODS_HERE, _PERIODS_AWAY = 1, 3
# Shares of the budget, in percent, at which somebody is told.
BUDGET_STEPS = (80, 100)


@dataclass(frozen=True)
class Age:
    """Copies of one system: where they lie on ``machine`` (None: in the bucket alone), and when they are too old.

    ``periods``: for how many of `PERIOD_S` in a row they are, or nobody says how old they are, until somebody is told.
    """

    mark: Mark
    system: str
    machine: str | None
    folder: str
    limit_s: int
    periods: int


@dataclass(frozen=True)
class Budget:
    """What a month may cost, in dollars, as AWS counts; ``tag`` is how it knows what is ours."""

    mark: Mark
    dollars: float
    tag: str


@dataclass(frozen=True)
class Watch:
    """``failing``: an alarm for each machine that is there, by its name."""

    topic: Mark
    ages: tuple[Age, ...]
    failing: Mapping[str, Mark]
    budget: Budget | None


def watch(here: Situation) -> Watch | None:
    """Return what is watched."""
    if here.request.drill:
        return None
    failing = {name: mark(here, f"{name}-fails", name) for name in here.running}
    return Watch(mark(here, "alarms"), ages(here), failing, _budget(here))


def ages(here: Situation) -> tuple[Age, ...]:
    """Return the copies whose age is watched: one entry a system that has copies, the most frequent of them."""
    if here.request.drill:
        return ()
    found = []
    for name, system in here.systems.items():
        holder = system["machines"]["standby"]
        every = [(one["every_s"], one["repository"]) for one in system["protections"] if one.get("repository")]
        machine = holder if "protect" in here.cloud["machines"].get(holder, {"runs_in": ()})["runs_in"] else None
        if every and (machine or here.cloud["copies"]):
            interval, folder = min(every)
            periods = _PERIODS_HERE if machine else _PERIODS_AWAY
            limit_s = int(interval) * (1 + _MISSED)
            found.append(Age(mark(here, f"{name}-old"), name, machine, folder, limit_s, periods))
    return tuple(found)


def may_tell(topic: str) -> Mapping[str, Any]:
    """Return the topic's own policy, given its ARN: alarms and budgets of the same account may tell it something."""
    account = topic.split(":")[4]
    told = {
        "Sid": "Tell",
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [told]}


def notes(here: Situation) -> tuple[str, ...]:
    """Return what people should know of the watch: a currency that is not known here."""
    money = here.cloud["budget"]
    if money is None or dollars(money["amount"], money["currency"]) is not None:
        return ()
    return (f"the budget is in {money['currency']}, of which no rate is known here: nothing in AWS watches it",)


def _budget(here: Situation) -> Budget | None:
    money = here.cloud["budget"]
    amount = dollars(money["amount"], money["currency"]) if money else None
    if amount is None:
        return None
    return Budget(mark(here, "budget"), amount, f"user:bascule:policy${here.policy}")
