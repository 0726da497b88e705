# SPDX-License-Identifier: Apache-2.0
"""What the provider does, on plain values: the protocol around it is in `service`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import botocore.exceptions

from bascule_double import naming
from bascule_double.check import check
from bascule_double.diff import Change, diff
from bascule_double.errors import DoubleError, Missing
from bascule_double.rules import Failure, Type
from bascule_double.session import Session, is_gone, said
from bascule_double.types import TYPES
from bascule_double.values import UNKNOWN, Properties

Result = TypeVar("Result")


class PartlyMade(DoubleError):
    """A resource that was begun: it has an id, so the engine must keep it in its state."""

    def __init__(self, message: str, id_: str, properties: Properties) -> None:
        super().__init__(message)
        self.id = id_
        self.properties = properties


@dataclass(frozen=True)
class Asked:
    """One resource that something is asked of: its token and its logical name."""

    token: str
    name: str

    @classmethod
    def of(cls, urn: str) -> Asked:
        """`urn:pulumi:stack::project::parent$aws:ec2/vpc:Vpc::name`."""
        parts = urn.split("::", 3)
        return cls(parts[2].rpartition("$")[2], parts[3])

    @property
    def type(self) -> Type:
        """The table of its type. Raises DoubleError when the double has none."""
        found = TYPES.get(self.token)
        if not found:
            raise DoubleError(
                f"The double has no resource type {self.token}; the real provider may. It is refused, not guessed."
            )
        return found


def checked(
    asked: Asked, new: Properties, old: Properties, seed: bytes, proposed: str | None
) -> tuple[Properties, list[Failure]]:
    """Inputs as the provider keeps them, with a name when none was written, and what is wrong with them."""
    type_ = asked.type
    written = {key: value for key, value in new.items() if key != "__defaults"}
    return check(type_, naming.named(type_, written, old, asked.name, seed, proposed))


def changed(asked: Asked, state: Properties, old: Properties, new: Properties, ignored: list[str]) -> Change:
    """What a change of inputs does."""
    return diff(asked.type, state, old or state, new, ignored)


def planned(asked: Asked, session: Session, new: Properties) -> Properties:
    """What is known of a resource before it is made."""
    return {**dict.fromkeys(asked.type.outputs, UNKNOWN), **given(asked.type, session, new)}


def given(type_: Type, session: Session, inputs: Properties) -> Properties:
    """The part of a resource's properties that follows from its inputs."""
    more: Properties = {"region": session.region} if type_.regional else {}
    if "tags" in type_.inputs:
        more["tagsAll"] = session.tags(inputs)
    defaults = {key: rule.default for key, rule in type_.inputs.items() if rule.default is not None}
    return {**defaults, **more, **{key: value for key, value in inputs.items() if key != "__defaults"}}


def create(asked: Asked, session: Session, new: Properties) -> tuple[str, Properties]:
    """Make a resource; return its id and what is known of it then. Raises DoubleError, PartlyMade."""
    here = session.of(asked.name, new)
    id_ = spoken(f"creating {asked.token}", lambda: asked.type.create(here, new))
    try:
        return id_, state_of(asked.type, here, id_, new, {})
    except DoubleError as error:
        raise PartlyMade(str(error), id_, given(asked.type, here, new)) from error


def state_of(type_: Type, session: Session, id_: str, inputs: Properties, old: Properties) -> Properties:
    """All that is known of a resource that was just made or changed; `old` is what was known before."""
    known = {**{key: old[key] for key in old if key in type_.outputs}, **given(type_, session, inputs)}
    found = spoken(f"reading {type_.token}", lambda: type_.read(session, id_, known))
    return {**given(type_, session, inputs), **{key: found[key] for key in found if key in type_.outputs}}


def update(asked: Asked, session: Session, id_: str, old: Properties, new: Properties) -> Properties:
    """Change a resource in its place; returns what is known of it then. Raises DoubleError."""
    type_ = asked.type
    here = session.of(asked.name, new)
    work = type_.update
    if not work:
        raise DoubleError(f"{asked.token} cannot be changed in its place.")
    spoken(f"updating {asked.token} ({id_})", lambda: work(here, id_, old, given(type_, here, new)))
    return state_of(type_, here, id_, new, old)


def update_planned(asked: Asked, session: Session, old: Properties, new: Properties) -> Properties:
    """What is known of a resource before it is changed in its place."""
    type_ = asked.type
    changed = set(diff(type_, old, old, new).changed)
    lost = {key for key, inputs in type_.volatile.items() if changed & set(inputs)}
    written = {key: value for key, value in new.items() if key != "__defaults"}
    kept = {key: UNKNOWN if key in lost else value for key, value in old.items() if key in type_.outputs}
    return {**given(type_, session.of(asked.name, new), new), **kept, **written}


def read(
    asked: Asked, session: Session, id_: str, state: Properties, inputs: Properties
) -> tuple[Properties, Properties] | None:
    """What is really there: properties and inputs; None when nothing is.

    Inputs that were written are given the value that they have now, so that a change made by hand is seen. Without
    inputs (an import, a `get`) all that can be inputs are.
    """
    type_ = asked.type
    here = session.of(asked.name, state)
    try:
        found = spoken(f"reading {asked.token} ({id_})", lambda: type_.read(here, id_, state))
    except Missing:
        return None
    rules = type_.all_inputs()
    wanted = set(inputs) if inputs else {key for key in found if key in rules and found[key] not in ("", [], {}, None)}
    now = {key: projected(inputs.get(key), found.get(key, inputs.get(key))) for key in wanted}
    if "tags" in type_.inputs:
        now |= own_tags(here, found.get("tags") or {}, inputs.get("tags") or {})
    return {**given(type_, here, now), **state, **found, **now}, now


def own_tags(session: Session, here: Properties, written: Properties) -> Properties:
    """The tags that are a resource's own, not the provider's, as an input; nothing when there are none."""
    own = {key: value for key, value in here.items() if key in written or session.default_tags.get(key) != value}
    return {"tags": own} if own or written else {}


def projected(written: Any, found: Any) -> Any:
    """What is there, in the shape of what was written: what AWS chose besides is no input."""
    if isinstance(written, dict) and isinstance(found, dict) and written:
        return {key: projected(value, found[key]) for key, value in written.items() if key in found}
    if isinstance(written, list) and isinstance(found, list) and len(written) == len(found):
        return [projected(one, other) for one, other in zip(written, found, strict=True)]
    return found


def delete(asked: Asked, session: Session, id_: str, state: Properties) -> None:
    """Remove a resource; one that is not there is fine. Raises DoubleError when AWS refuses."""
    try:
        spoken(f"deleting {asked.token} ({id_})", lambda: asked.type.delete(session.of(asked.name, state), id_, state))
    except Missing:
        return


def spoken(what: str, work: Callable[[], Result]) -> Result:
    """Do something; what AWS answers in the way of errors is raised as DoubleError, as Missing when it is not there."""
    try:
        return work()
    except botocore.exceptions.ClientError as error:
        kind = Missing if is_gone(error) else DoubleError
        raise kind(f"{what}: {said(error)}") from None
    except botocore.exceptions.BotoCoreError as error:
        raise DoubleError(f"{what}: {error}") from None
