# SPDX-License-Identifier: Apache-2.0
"""The frozen Plan: what will be done. Total: nothing is left for a backend to decide.

Names that end in ``_s`` are seconds, in ``_bytes`` bytes. A secret is only ever named: ``{"secret": NAME}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bascule.codec import decode, encode
from bascule.plan_cloud import Cloud
from bascule.plan_cloud import SecretRef as SecretRef

SCHEMA = "bascule/plan/v1"
SIDES = ("primary", "standby")
Text = Mapping[str, str]
Json = Mapping[str, Any]


@dataclass(frozen=True)
class PolicyFacts:
    """Which policy this is the plan of; ``digest`` is that of the policy's bytes."""

    id: str
    name: Text
    digest: str
    language: str
    currency: str
    timezone: str


@dataclass(frozen=True)
class Site:
    """A place with machines, and who provides them; ``cloud``: what is built there, None where the machines exist."""

    provider: str
    network: str | None
    cloud: Cloud | None = None


@dataclass(frozen=True)
class Machine:
    """How a machine is reached; ``via`` is the machine through which."""

    site: str
    address: str
    port: int
    user: str
    become: str | None
    key: SecretRef | None
    via: str | None
    host_key: str | None


@dataclass(frozen=True)
class Controller:
    """From where a recovery can be run; ``machine`` when it is one of the policy's."""

    site: str
    machine: str | None


@dataclass(frozen=True)
class Observer:
    """A machine that asks, every so often, whether activities are usable."""

    machine: str
    every_s: float


@dataclass(frozen=True)
class Part:
    """One piece of a predicted duration; ``source`` is `declared` or `default`."""

    name: str
    seconds: float
    source: str


@dataclass(frozen=True)
class Duration:
    """A predicted recovery time: the sum of its parts, which follow each other."""

    seconds: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Loss:
    """The data lost with a site, as time; ``by`` is the protection that bounds it, None where nothing can be lost."""

    seconds: float
    source: str
    by: str | None


@dataclass(frozen=True)
class Predicted:
    """What is expected of a recovery, before it was ever tried."""

    rto: Duration
    rpo: Loss


@dataclass(frozen=True)
class Third:
    """The machine that fetches ``repository`` into ``folder``; ``rpo_s``: the most that is lost when both sites are."""

    machine: str
    address: str
    by: str
    repository: str
    folder: str
    every_s: int
    keep_s: int
    rpo_s: float


@dataclass(frozen=True)
class System:
    """What is recovered as one thing. ``settings`` are those of its type, ``protections`` those of each protection."""

    id: str
    type: str
    machines: Text
    addresses: Text
    needs: tuple[str, ...]
    group: str | None
    consistent_with: tuple[str, ...]
    size_bytes: int | None
    change_bytes_per_day: int | None
    settings: Json
    protections: tuple[Json, ...]
    predicted: Predicted
    third: Third | None = None


@dataclass(frozen=True)
class Name:
    """A name that users type, and where it leads at each side."""

    name: str
    fqdn: str
    system: str
    addresses: Text


@dataclass(frozen=True)
class Group:
    """Activities that can only move together, since they share systems."""

    id: str
    activities: tuple[str, ...]
    systems: tuple[str, ...]
    names: tuple[Name, ...]


@dataclass(frozen=True)
class Need:
    """What the business can bear; ``mbco`` is a share from 0 to 1."""

    mtpd_s: float
    pdma_s: float
    mbco: float | None


@dataclass(frozen=True)
class Target:
    """What the solution promises."""

    rto_s: float
    rpo_s: float


@dataclass(frozen=True)
class Activity:
    """What the firm does. ``uses`` is as written; ``systems`` are all that it depends on, in order of recovery."""

    id: str
    name: Text
    owner: str | None
    need: Need
    target: Target
    uses: tuple[str, ...]
    systems: tuple[str, ...]
    group: str
    usable_when: tuple[Json, ...]
    degraded: Json | None
    impact: tuple[Json, ...]
    predicted: Predicted


@dataclass(frozen=True)
class Unit:
    """One node of the recovery graph; ``after`` are the units that must have finished before."""

    id: str
    kind: str
    subject: str
    after: tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """Which disaster it is: `loss`, `planned`, `compromise` or `corruption`."""

    mode: str


@dataclass(frozen=True)
class Plan:
    """The whole plan; ``units`` are in an order in which they can be done one after the other."""

    schema: str
    bascule: str
    policy: PolicyFacts
    sites: Mapping[str, Site]
    machines: Mapping[str, Machine]
    controllers: Mapping[str, Controller]
    observers: Mapping[str, Observer]
    secrets: Mapping[str, Text]
    switch: Json
    systems: Mapping[str, System]
    groups: Mapping[str, Group]
    activities: Mapping[str, Activity]
    units: tuple[Unit, ...]
    scenarios: Mapping[str, Scenario]
    firm: Json


def to_json(plan: Plan) -> dict[str, Any]:
    """Given a plan, return what `plan.json` holds, under `schemas/plan/v1.schema.json`."""
    data: dict[str, Any] = encode(plan)
    return data


def from_json(data: Mapping[str, Any]) -> Plan:
    """Given what a `plan.json` holds, return the plan. Raise ValueError when it has another schema."""
    found = data.get("schema")
    if found != SCHEMA:
        raise ValueError(f"this plan has the schema {found!r}; this version reads {SCHEMA!r}: compile the policy again")
    plan: Plan = decode(Plan, data)
    return plan
