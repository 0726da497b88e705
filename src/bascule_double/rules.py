# SPDX-License-Identifier: Apache-2.0
"""The language of the tables in `types`: what a type of resource takes, what a change of it does, who makes it.

Each rule says where it comes from, in `says`: words of the documentation of that property in pulumi_aws, or, where that
is silent, the place in the source of the provider that it is built on (`upstream FILE: PROPERTY: WORD`). A test looks
the words up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bascule_double.values import Properties

if TYPE_CHECKING:
    from bascule_double.session import Session

# Takes a value that is known, answers what is wrong with it ("" when nothing is).
Fits = Callable[[Any], str]
Failure = tuple[str, str]


@dataclass(frozen=True)
class Input:
    """One input of a resource.

    `kind` is text, flag, whole, number, table (texts by texts), many or block. `replaces`: a change makes a new
    resource. `chosen`: when it is left out, AWS chooses, and leaving it out later changes nothing. `default`: what
    leaving it out means. `same` compares where other texts mean the same; `unordered` lists are sets.
    """

    kind: str
    required: bool = False
    replaces: bool = False
    chosen: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    fits: Fits | None = None
    same: Callable[[Any, Any], bool] | None = None
    item: Input | None = None
    fields: Mapping[str, Input] = field(default_factory=dict)
    unordered: bool = False
    says: tuple[str, ...] = ()

    def has_rule(self) -> bool:
        """Whether it says more than its kind, so that it must say where that comes from."""
        return bool(self.choices or self.fits or self.replaces or self.least is not None or self.most is not None)


def text(*says: str, **rest: Any) -> Input:
    return Input("text", says=says, **rest)


def flag(*says: str, **rest: Any) -> Input:
    return Input("flag", says=says, **rest)


def whole(*says: str, **rest: Any) -> Input:
    return Input("whole", says=says, **rest)


def number(*says: str, **rest: Any) -> Input:
    return Input("number", says=says, **rest)


def table(*says: str, **rest: Any) -> Input:
    return Input("table", says=says, **rest)


def many(item: Input, *says: str, **rest: Any) -> Input:
    return Input("many", item=item, says=says, **rest)


def block(fields: Mapping[str, Input], *says: str, **rest: Any) -> Input:
    return Input("block", fields=fields, says=says, **rest)


def needed(input_: Input) -> Input:
    """The same input, required."""
    return replace(input_, required=True)


@dataclass(frozen=True)
class Naming:
    """A name that the provider gives when none is written: the logical name, and seven random characters."""

    property: str = "name"
    most: int = 255
    lower: bool = False
    prefix: str = ""


@dataclass(frozen=True)
class Type:
    """A type of resource.

    `create` makes it and returns its id; `read` returns what is there, inputs and outputs by their names (it raises
    Missing when there is nothing); `update` is given the old and the new properties; without it, every change makes a
    new resource. `together` looks at all inputs at once. `outputs` are known only after it was made; `volatile` names
    those that an update makes unknown again, each with the inputs that do so. `forces`: what only sometimes replaces.
    """

    token: str
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]
    create: Callable[[Session, Properties], str]
    read: Callable[[Session, str, Properties], Properties]
    delete: Callable[[Session, str, Properties], None]
    update: Callable[[Session, str, Properties, Properties], None] | None = None
    naming: Naming | None = None
    together: Callable[[Properties], Sequence[Failure]] | None = None
    forces: Callable[[Properties, Properties], Sequence[str]] | None = None
    volatile: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    regional: bool = True
    delete_first: bool = False
    says: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """`ec2` of `aws:ec2/vpc:Vpc`."""
        return self.token.split(":")[1].partition("/")[0]

    @property
    def short(self) -> str:
        """`ec2.Vpc` of `aws:ec2/vpc:Vpc`: how people who write programs call it."""
        return f"{self.module}.{self.token.rpartition(':')[2]}"

    def all_inputs(self) -> Mapping[str, Input]:
        """The inputs, with the region that every regional resource takes."""
        return {**self.inputs, "region": REGION} if self.regional else self.inputs


REGION = text("upstream internal/provider: region: ForceNew", replaces=True, chosen=True)
TAGS = table()
