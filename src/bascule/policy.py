# SPDX-License-Identifier: Apache-2.0
"""The policy as it was written, typed and frozen. Durations in seconds, sizes in bytes, shares from 0 to 1.

Every object has its ``id``; what refers to another object holds that object's id, secrets included. Where something
was written is asked from the side table: ``policy.where("systems", "erp-db", "size")``. Nothing is decided here:
choices and defaults of the machinery belong to the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bascule.dependence import ON_ITS_OWN as ON_ITS_OWN
from bascule.dependence import UNSAID as UNSAID
from bascule.dependence import Enough as Enough
from bascule.dependence import Line as Line
from bascule.dependence import Reach as Reach
from bascule.dependence import Resource as Resource
from bascule.dependence import Response as Response
from bascule.dependence import Stands as Stands
from bascule.estate import Connection as Connection
from bascule.estate import Controller as Controller
from bascule.estate import DnsSwitch as DnsSwitch
from bascule.estate import Machine as Machine
from bascule.estate import ManualSwitch as ManualSwitch
from bascule.estate import NamedSwitch as NamedSwitch
from bascule.estate import Names as Names
from bascule.estate import Observer as Observer
from bascule.estate import Secret as Secret
from bascule.estate import Site as Site
from bascule.estate import Switch as Switch
from bascule.estate import ThirdPlace as ThirdPlace
from bascule.estate_cloud import Cloud as Cloud
from bascule.estate_cloud import Link as Link
from bascule.estate_cloud import LinkAccess as LinkAccess
from bascule.estate_cloud import PublicAccess as PublicAccess
from bascule.estate_cloud import Route53Switch as Route53Switch
from bascule.estate_cloud import VpnAccess as VpnAccess
from bascule.firm import Account as Account
from bascule.firm import Drills as Drills
from bascule.firm import Licence as Licence
from bascule.firm import Risk as Risk
from bascule.firm import Role as Role
from bascule.firm import Supplier as Supplier
from bascule.recovered import Protection as Protection
from bascule.recovered import System as System

if TYPE_CHECKING:
    from bascule.diagnostics import Diagnostic
    from bascule.source import Position, Source


@dataclass(frozen=True)
class Organisation:
    """The firm. ``dmia_means``: what French documents call DMIA, ``mtpd`` or ``rto``; ``budget`` for a year."""

    id: str
    name: Names
    currency: str
    timezone: str
    language: str
    dmia_means: str
    budget: float | None = None


@dataclass(frozen=True)
class Need:
    """What the business can bear: longest interruption (None: it follows from the impact), largest loss of data,
    smallest acceptable level of service.
    """

    mtpd_s: int | None
    pdma_s: int
    mbco: float | None


@dataclass(frozen=True)
class Target:
    """What the solution promises."""

    rto_s: int
    rpo_s: int


@dataclass(frozen=True)
class Impact:
    """Cumulated cost of an interruption that lasts ``after_s``, in the policy's currency; ``level`` altogether,
    ``levels`` by category, as written.
    """

    after_s: int
    amount: float | None
    level: str | None
    levels: Mapping[str, str] = field(default_factory=dict)

    @property
    def unacceptable(self) -> bool:
        """Whether it cannot be borne, by whomever."""
        return "unacceptable" in (self.level, *self.levels.values())


@dataclass(frozen=True)
class RunCheck:
    """A check of the firm's own: a program under ``checks/``."""

    run: str
    writes: str
    secrets: tuple[str, ...]
    timeout_s: int
    kind: Literal["run"] = "run"


@dataclass(frozen=True)
class HttpCheck:
    """A page that must answer, asked through the name that users type."""

    url: str
    expect: int
    contains: str | None
    timeout_s: int
    writes: str = "none"
    kind: Literal["http"] = "http"


Check = RunCheck | HttpCheck


@dataclass(frozen=True)
class Degraded:
    """How work goes on without the systems: a document under ``docs/``, for how much of it, for how long."""

    procedure: str
    capacity: float | None
    at_most_s: int | None


@dataclass(frozen=True)
class Activity:
    """What the firm does, what it needs and how one sees that it is usable."""

    id: str
    name: Names
    owner: str | None
    hours: str | None
    need: Need
    target: Target
    impact: tuple[Impact, ...]
    uses: tuple[str, ...]
    usable_when: tuple[Check, ...]
    degraded: Degraded | None
    stands: Stands = ON_ITS_OWN

    @property
    def derived_mtpd_s(self) -> int | None:
        """The longest bearable interruption that follows from the impact; None when no point is unacceptable."""
        return min((point.after_s for point in self.impact if point.unacceptable), default=None)

    @property
    def mtpd_s(self) -> int:
        """The longest bearable interruption: as written, else as it follows. The rules see to it that there is one."""
        return next((found for found in (self.need.mtpd_s, self.derived_mtpd_s) if found is not None), 0)

    @property
    def all_uses(self) -> tuple[str, ...]:
        """The systems that it uses, alternatives included."""
        return tuple(dict.fromkeys((*self.uses, *self.stands.alternatives)))


@dataclass(frozen=True)
class Policy:
    """The whole policy. ``digest``: of its text; ``warnings``: findings that were no errors; ``measured``: seconds of
    whole recoveries, by system and copy; ``choice``: what was chosen for `auto`, None where nothing is left open.
    """

    organisation: Organisation
    activities: Mapping[str, Activity]
    systems: Mapping[str, System]
    sites: Mapping[str, Site]
    connection: Connection
    controllers: Mapping[str, Controller]
    observers: Mapping[str, Observer]
    copies: Mapping[str, ThirdPlace]
    switch: Switch
    accounts: Mapping[str, Account]
    suppliers: Mapping[str, Supplier]
    risks: Mapping[str, Risk]
    licences: Mapping[str, Licence]
    drills: Drills | None
    roles: Mapping[str, Role]
    secrets: Mapping[str, Secret]
    digest: str
    source: Source = field(repr=False, compare=False)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    response: Response = UNSAID
    measured: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    choice: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    warnings: tuple[Diagnostic, ...] = field(default=(), repr=False, compare=False)

    @property
    def id(self) -> str:
        """The organisation's id, which names the policy everywhere."""
        return self.organisation.id

    @cached_property
    def machines(self) -> Mapping[str, Machine]:
        """Every machine of every site, by id."""
        return {machine.id: machine for site in self.sites.values() for machine in site.machines.values()}

    def where(self, *path: str | int) -> Position:
        """Given the path of something in the policy, return the line and column (from 1) where it was written.

        For a key of a mapping this is the key; for an entry of a list, the entry. What was not written has the place of
        the nearest thing around it that was.
        """
        return self.source.position(path, key=True)
