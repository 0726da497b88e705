# SPDX-License-Identifier: Apache-2.0
"""Name and tags of everything that is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standby_aws.inputs import PHASES, Situation
from standby_aws.naming import tags

_DIGEST_DIGITS = 12


@dataclass(frozen=True)
class Mark:
    """``name`` is the logical name, from which the provider makes a unique one; ``tags`` go on all that bears them."""

    name: str
    tags: Mapping[str, str]


def mark(here: Situation, what: str, machine: str | None = None) -> Mark:
    """Return the mark of a resource; ``machine``: the machine of the plan that it belongs to.

    `bascule:phase` is the first phase in which the resource is there: a change of phase touches nothing that stays.
    """
    name = f"{here.prefix}-{what}"
    ours = {
        "Name": name,
        "bascule:policy": here.policy,
        "bascule:plan": here.digest.removeprefix("sha256:")[:_DIGEST_DIGITS],
        "bascule:phase": first_phase(here, machine),
    }
    if machine is not None:
        ours["bascule:machine"] = machine
    if here.request.drill and here.request.expires:
        ours |= {"bascule:drill": here.request.drill, "bascule:expires": here.request.expires}
    return Mark(name, tags(here.cloud["tags"], ours))


def first_phase(here: Situation, machine: str | None) -> str:
    """Return the first phase in which a machine is there; what belongs to no machine is there from the first on."""
    runs_in = PHASES if machine is None else here.cloud["machines"][machine]["runs_in"]
    return str(next(phase for phase in PHASES if phase in runs_in))
