# SPDX-License-Identifier: Apache-2.0
"""The stack's output `bascule`: what others need to know of the site, under `schemas/outputs`. No secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from standby_aws.blueprint import Blueprint

SCHEMA = "bascule/outputs/v1"


def bascule(decided: Blueprint, known: Mapping[str, Any]) -> dict[str, Any]:
    """Given what was decided and what became known while it was built, return the output."""
    here = decided.here
    wanted = here.cloud["access"]
    return {
        "schema": SCHEMA,
        "policy": here.policy,
        "plan": here.digest,
        "phase": here.request.phase,
        "drill": here.request.drill,
        "region": here.cloud["region"],
        "machines": {
            name: {
                "instance": known["instances"][name],
                "private": one.address,
                "public": _public(decided, name, known),
            }
            for name, one in decided.compute.machines.items()
        },
        "link": _link(decided, known),
        "bucket": {"name": known["bucket"]} if decided.copies else None,
        "zone": {"id": known["zone"], "name": decided.switch.zone} if decided.switch else None,
        "access": {"kind": wanted["kind"], "address": known["address"]} if wanted else None,
        "alarms": {"topic": known["topic"]} if decided.watch else None,
        "identities": {"writer": known["writer"], "instance": known["instance"]},
    }


def _public(decided: Blueprint, name: str, known: Mapping[str, Any]) -> str | None:
    """The address at which a machine takes connections from outside: that of the link's, of all where there is none."""
    if decided.link is not None and decided.link.machine == name:
        return str(known["endpoint"])
    if decided.here.cloud["link"] is None:
        return known["publics"][name] or None
    return None


def _link(decided: Blueprint, known: Mapping[str, Any]) -> dict[str, Any] | None:
    if decided.link is None or decided.link.port is None:
        return None
    return {"machine": decided.link.machine, "endpoint": known["endpoint"], "port": decided.link.port}
