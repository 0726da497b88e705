# SPDX-License-Identifier: Apache-2.0
"""What the lab reads of sites that are built in a cloud: their machines are made one by one, as instances."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bascule_lab.errors import USAGE, LabError
from bascule_lab.state import State

PROVIDER = "aws"
PLANNED = "planned.json"
USUAL_PORT = 51820
PACKAGES = ("cloud-init", "wireguard-go", "wireguard-tools")  # what the image of such a policy has beside the others


def sites(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Sites of a policy (as read from its file) whose machines are built."""
    return tuple(site for site, entry in policy["sites"].items() if (entry or {}).get("provider") == PROVIDER)


def planned(path: Path, state: State) -> dict[str, str]:
    """Machine -> address, as the plan of a policy gives them; a lab that is up remembers it for as long as the policy
    is the same. Raises LabError (2) when the policy has no plan."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = state.read_json(PLANNED, {})
    if known.get("policy") == digest:
        return dict(known["addresses"])
    addresses = asked(path)
    if state.path("lab.json").exists():
        state.write_json(PLANNED, {"policy": digest, "addresses": addresses})
    return addresses


def asked(path: Path) -> dict[str, str]:
    """The same, asked of the compiler, which most labs do not need."""
    from bascule import api

    try:
        plan = api.plan(path)
    except (api.Findings, api.UnknownKind):
        raise LabError(
            f"{path} has machines without an address, and no plan that would give them one: "
            f"`bascule check {path}` says why.",
            USAGE,
        ) from None
    return {name: machine.address for name, machine in plan.machines.items()}


def tunnel_ports(policy: Mapping[str, Any]) -> dict[str, int]:
    """Machine at which tunnels end -> the port that it listens on."""
    links = [(policy["sites"][site].get("link") or {}) for site in sites(policy)]
    return {str(link["through"]): int(link.get("port", USUAL_PORT)) for link in links if link.get("through")}


def tunnel_keys(policy: Mapping[str, Any]) -> frozenset[str]:
    """Names of the secrets that are private keys of WireGuard."""
    links = [(policy["sites"][site].get("link") or {}) for site in sites(policy)]
    ends = [end for link in links for end in (link, *(link.get("peers") or {}).values())]
    return frozenset(str(end["key"]["secret"]) for end in ends if (end or {}).get("key"))
