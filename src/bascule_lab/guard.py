# SPDX-License-Identifier: Apache-2.0
"""The text of the lab's packet rules: the guard on this computer, and the lab's own router. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from bascule_lab import addresses

HOST_END = "169.254.77.1"  # both ends of the cable between this computer and a lab: the same in each lab
LAB_END = "169.254.77.2"
HOST_PORT = "host"
PRIORITY = -10


def host_table(lab: str, networks: Iterable[IPv4Network]) -> str:
    """Input for `nft -f`: packets to the lab's networks leave this computer by the lab's cable or not at all, and
    nothing of the lab passes through this computer to anywhere else. It replaces an older table of the same lab."""
    name, cable, nets = addresses.table(lab), addresses.uplink(lab), joined(networks)
    return f"""table inet {name} {{}}
delete table inet {name}
table inet {name} {{
  chain output {{
    type filter hook output priority {PRIORITY}; policy accept;
    ip daddr {nets} oifname != {{ "{cable}", "lo" }} counter drop
  }}
  chain forward {{
    type filter hook forward priority {PRIORITY}; policy accept;
    ip daddr {nets} counter drop
    ip saddr {nets} counter drop
    iifname "{cable}" counter drop
    oifname "{cable}" counter drop
  }}
}}
"""


def router_table() -> str:
    """Input for `nft -f` in the lab's own namespace. A machine that is gone is silent there: the router does not
    tell that nobody answered, as no router of a site that burnt down would. This computer appears to machines as their
    gateway."""
    return f"""table inet lab {{}}
delete table inet lab
table inet lab {{
  chain cuts {{ }}
  chain apart {{ }}
  chain inward {{ }}
  chain outward {{ }}
  chain forward {{
    type filter hook forward priority {PRIORITY}; policy accept;
    jump cuts
    jump apart
  }}
  chain output {{
    type filter hook output priority {PRIORITY}; policy accept;
    icmp type destination-unreachable icmp code host-unreachable drop
  }}
  chain arriving {{
    type nat hook prerouting priority -100; policy accept;
    jump inward
  }}
  chain nat {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {HOST_END} masquerade
    jump outward
  }}
}}
"""


def cuts(ways: Iterable[tuple[IPv4Network, IPv4Network]]) -> str:
    """Input for `nft -f` in the lab's namespace: exactly these ways, from a network to another, are cut. The rules
    hold no state, so connections that run die too, also when one of their two ways is cut."""
    lines = [f"add rule inet lab cuts ip saddr {one} ip daddr {other} drop" for one, other in ways]
    return "\n".join(["flush chain inet lab cuts", *lines]) + "\n"


@dataclass(frozen=True)
class Cloud:
    """What the router knows of sites in a cloud. `built`: their networks, `others`: those of the firm's own sites.
    `public`: public address -> private one, of instances; `ports`: public address -> the UDP port that is open there,
    as a provider's packet filter would have it. `doors`: network of another site -> the public address that
    its packets come from. `names`: the server of the public names, which every site reaches."""

    built: tuple[IPv4Network, ...]
    others: tuple[IPv4Network, ...]
    public: Mapping[IPv4Address, IPv4Address] = field(default_factory=dict)
    ports: Mapping[IPv4Address, int] = field(default_factory=dict)
    doors: Mapping[IPv4Network, IPv4Address] = field(default_factory=dict)
    names: IPv4Address | None = None


def apart(cloud: Cloud) -> str:
    """Input for `nft -f` in the lab's namespace. Nothing passes between a site in a cloud and the firm's own sites,
    either way, but UDP to the open port of a public address, its answers, and questions for names. This computer
    reaches all machines. Conversations with a public address are told by what they asked for at first: one that an
    instance had earlier leads nowhere."""
    built, others = joined(cloud.built), joined(cloud.others)
    lines = [f"flush chain inet lab {chain}" for chain in ("apart", "inward", "outward")]
    rules = []
    if cloud.names:
        ports = "meta l4proto {{ tcp, udp }} th {} 53 accept"
        rules.append(f"apart ip saddr {built} ip daddr {cloud.names} {ports.format('dport')}")
        rules.append(f"apart ip daddr {built} ip saddr {cloud.names} {ports.format('sport')}")
    for public, private in cloud.public.items():
        if public in cloud.ports:
            port = cloud.ports[public]
            rules.append(f"apart meta l4proto udp ct original ip daddr {public} ct original proto-dst {port} accept")
        rules.append(f"inward ip daddr {public} dnat ip to {private}")
        rules += [
            f"outward ip saddr {site} ct original ip daddr {public} snat ip to {door}"
            for site, door in cloud.doors.items()
        ]
    if cloud.built and cloud.others:
        rules.append(f"apart ip saddr {built} ip daddr {others} counter drop")
        rules.append(f"apart ip saddr {others} ip daddr {built} counter drop")
    return "\n".join([*lines, *(f"add rule inet lab {rule}" for rule in rules)]) + "\n"


def joined(networks: Iterable[IPv4Network]) -> str:
    """Networks as an anonymous set of nftables."""
    return "{ " + ", ".join(str(network) for network in sorted(networks)) + " }"
