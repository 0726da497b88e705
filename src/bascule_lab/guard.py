# SPDX-License-Identifier: Apache-2.0
"""The text of the lab's packet rules: the guard on this computer, and the lab's own router. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

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
  chain forward {{
    type filter hook forward priority {PRIORITY}; policy accept;
    jump cuts
  }}
  chain output {{
    type filter hook output priority {PRIORITY}; policy accept;
    icmp type destination-unreachable icmp code host-unreachable drop
  }}
  chain nat {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {HOST_END} masquerade
  }}
}}
"""


def cuts(ways: Iterable[tuple[IPv4Network, IPv4Network]]) -> str:
    """Input for `nft -f` in the lab's namespace: exactly these ways, from a network to another, are cut. The rules
    hold no state, so connections that run die too, also when one of their two ways is cut."""
    lines = [f"add rule inet lab cuts ip saddr {one} ip daddr {other} drop" for one, other in ways]
    return "\n".join(["flush chain inet lab cuts", *lines]) + "\n"


def joined(networks: Iterable[IPv4Network]) -> str:
    """Networks as an anonymous set of nftables."""
    return "{ " + ", ".join(str(network) for network in sorted(networks)) + " }"
