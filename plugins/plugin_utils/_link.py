# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's link as each machine needs it: what it is in it, whom it knows, which networks it reaches how."""

from __future__ import annotations

import hashlib
import zlib
from ipaddress import ip_network
from typing import Any, Mapping, Optional

KEEPALIVE_S = 25  # most routers of firms forget a silent conversation after 30 s
LONGEST_INTERFACE = 15
FIRST_NUMBER, NUMBERS = 10000, 5000
END, PEER, NEAR = "end", "peer", "near"
Plan = Mapping[str, Any]


def of(plan: Plan) -> Optional[dict[str, Any]]:
    """The plan's link with the `site` that it belongs to and that site's `network`; None when there is none."""
    for name, site in plan["sites"].items():
        cloud = site.get("cloud") or {}
        if cloud.get("link"):
            return {**cloud["link"], "site": name, "network": cloud["network"]}
    return None


def ends(link: Mapping[str, Any]) -> list[str]:
    """Machines at which tunnels end."""
    return [str(link["through"]), *link["peers"]]


def interface(policy: str) -> str:
    """The name of the tunnel on each machine, at most 15 characters, one for each policy."""
    name = f"bsc-{policy}"
    if len(name) <= LONGEST_INTERFACE:
        return name
    return f"bsc-{hashlib.sha256(policy.encode()).hexdigest()[:11]}"


def number(policy: str) -> int:
    """Where the routes and rules of a policy's link are, and its packets' mark: the first of four free numbers."""
    return FIRST_NUMBER + 4 * (zlib.crc32(policy.encode()) % NUMBERS)


def role(plan: Plan, machine: str) -> str:
    """`end`, `peer`, `near`, or nothing where the link does not concern a machine."""
    found = settings(plan, machine, None, {})
    return str(found["role"]) if found else ""


def settings(plan: Plan, machine: str, endpoint: Optional[str], public: Mapping[str, str]) -> Optional[dict[str, Any]]:
    """What the module needs for `machine`, or None when the link does not concern it.

    `endpoint` is `ADDRESS:PORT` of the standby's public end; `public` the public keys by machine.
    """
    link = of(plan)
    if link is None or machine not in plan["machines"]:
        return None
    policy = str(plan["policy"]["id"])
    common = {"policy": policy, "machine": machine, "interface": interface(policy), "number": number(policy),
              "own": plan["machines"][machine]["address"]}
    if machine == link["through"]:
        return {**common, **_end(plan, link, public)}
    if machine in link["peers"]:
        return {**common, **_peer(link, machine, endpoint, public)}
    near = _near(plan, link, machine)
    return {**common, **near} if near else None


def behind(plan: Plan, link: Mapping[str, Any], peer: str) -> list[str]:
    """Networks that are reached through a peer: its own address in the tunnel, itself, and what it carries."""
    entry = link["peers"][peer]
    own = f"{plan['machines'][peer]['address']}/32"
    carried = list(entry["carries"])
    return [f"{entry['address']}/32", *([] if _inside(own, carried) else [own]), *carried]


def _inside(host: str, networks: list[str]) -> bool:
    return any(ip_network(host).subnet_of(ip_network(one)) for one in networks)  # type: ignore[arg-type]


def _end(plan: Plan, link: Mapping[str, Any], public: Mapping[str, str]) -> dict[str, Any]:
    peers = [{"name": name, "public_key": public.get(name, ""), "allowed": behind(plan, link, name),
              "address": entry["address"], "endpoint": "", "keepalive_s": 0} for name, entry in link["peers"].items()]
    return {"role": END, **_key(link["key"], public.get(str(link["through"]), "")), "address": link["address"],
            "tunnel": link["tunnel"], "port": link["port"], "inside": [link["network"]],
            "far": [network for name in link["peers"] for network in behind(plan, link, name)[1:]], "peers": peers}


def _peer(link: Mapping[str, Any], machine: str, endpoint: Optional[str], public: Mapping[str, str]) -> dict[str, Any]:
    own = link["peers"][machine]
    end = {"name": link["through"], "public_key": public.get(str(link["through"]), ""), "address": link["address"],
           "allowed": [f"{link['address']}/32", link["network"]], "endpoint": endpoint or "",
           "keepalive_s": KEEPALIVE_S}
    return {"role": PEER, **_key(own["key"], public.get(machine, "")), "address": own["address"],
            "tunnel": link["tunnel"], "port": 0, "inside": list(own["carries"]), "far": [link["network"]],
            "peers": [end]}


def _key(key: Mapping[str, Any], public: str) -> dict[str, Any]:
    """A machine's own key: named where it is looked up, by its name as text for sentences, and its public half."""
    return {"key": dict(key), "secret": key["secret"], "public_key": public}


def _near(plan: Plan, link: Mapping[str, Any], machine: str) -> Optional[dict[str, Any]]:
    """A machine at a site of the link that is none of its ends: what it reaches through the one beside it."""
    site = plan["machines"][machine]["site"]
    if site == link["site"]:
        others = [network for peer in link["peers"] for network in behind(plan, link, peer)[1:]]
        return _through(plan, str(link["through"]), [link["tunnel"], *others], list(link["peers"]))
    for peer, entry in link["peers"].items():
        if entry["at"] == site and entry["carries"]:
            return _through(plan, peer, [link["network"]], [str(link["through"])])
    return None


def _through(plan: Plan, beside: str, networks: list[str], ends: list[str]) -> dict[str, Any]:
    beyond = [{"name": name, "address": plan["machines"][name]["address"]} for name in ends]
    return {"role": NEAR, "through": beside, "via": plan["machines"][beside]["address"], "far": networks,
            "beyond": beyond}
