# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the link: what WireGuard reads, the systemd unit, the routes and rules. Pure.

Routes to the far side stand in a table of their own, in which packets that carry the tunnel itself (they have our mark)
never look, so that the tunnel is not sent through the tunnel. What a machine passes on is bounded by rules, by the
interface on which a packet arrives:

- first, from the tunnel: to the networks of this side, and nowhere else;
- then our table;
- last, from this side: nowhere else, if it is we who let this machine pass packets on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils.link_job import MTU, Job

PROGRAMS = ("ip", "wg", "wireguard-go", "sysctl")


@dataclass(frozen=True)
class Here:
    """What this machine is like: `tools`, program -> path; `kernel`: WireGuard is in its kernel; `lan`: the interface
    to its own side; `own`: the plan's address stands on that; `forwards`: it is we who let it pass packets on."""

    tools: dict[str, str]
    kernel: bool
    lan: str
    own: bool
    forwards: bool


def settings(link: dict[str, Any], private_key: str) -> str:
    """The file for `wg setconf`."""
    lines = ["[Interface]", f"PrivateKey = {private_key}", f"FwMark = {link['number']}"]
    lines += [f"ListenPort = {link['port']}"] if link["port"] else []
    for peer in link["peers"]:
        lines += ["", f"# {peer['name']}", "[Peer]", f"PublicKey = {peer['public_key']}",
                  f"AllowedIPs = {', '.join(peer['allowed'])}"]
        lines += [f"Endpoint = {peer['endpoint']}"] if peer["endpoint"] else []
        lines += [f"PersistentKeepalive = {peer['keepalive_s']}"] if peer["keepalive_s"] else []
    return "\n".join(lines) + "\n"


def rules(link: dict[str, Any], here: Here) -> list[str]:
    """The rules as words of `ip rule add`, in their order; each begins with its `pref`."""
    first, tunnel = int(link["number"]), link["interface"]
    found = [f"pref {first} iif {tunnel} to {network} lookup main" for network in link["inside"]]
    found.append(f"pref {first + 1} iif {tunnel} blackhole")
    found.append(f"pref {first + 2} not fwmark {first} lookup {first}")
    if link["inside"] and here.forwards:
        found.append(f"pref {first + 3} iif {here.lan} blackhole")
    return found


def routes(link: dict[str, Any], here: Here) -> list[str]:
    """The routes to the far side as words of `ip route replace`."""
    # The far side knows this machine by the plan's address: it lets that one in.
    source = f" src {link['own']}" if here.own else ""
    return [f"{network} dev {link['interface']} table {link['number']}{source}" for network in link["far"]]


def near_routes(link: dict[str, Any]) -> list[str]:
    """The routes of a machine beside the tunnel's end, with the size of packet that the tunnel takes."""
    return [f"{network} via {link['via']} mtu {MTU}" for network in link["far"]]


def forwarding(link: dict[str, Any], here: Here) -> list[str]:
    """Settings of the kernel, without their value, that let packets pass between the tunnel and this side."""
    if not link["inside"] or not here.forwards:
        return []
    return [f"net/ipv4/conf/{name}/forwarding" for name in (link["interface"], here.lan)]


def unit(job: Job, here: Here) -> str:
    """The systemd unit of a machine at which a tunnel ends."""
    link, ip, wg = job.link, here.tools["ip"], here.tools["wg"]
    make = f"{ip} link add dev {job.interface} type wireguard" if here.kernel else \
        f"{here.tools['wireguard-go']} {job.interface}"
    after = [f"{wg} setconf {job.interface} {job.settings}",
             f"{ip} address add {link['address']}/{link['tunnel'].partition('/')[2]} dev {job.interface}",
             f"{ip} link set dev {job.interface} mtu {MTU} up"]
    after += [f"{ip} route replace {words}" for words in routes(link, here)]
    after += [f"{ip} rule add {words}" for words in rules(link, here)]
    switched = forwarding(link, here)
    after += [f"{here.tools['sysctl']} -qw {name}=1" for name in switched]
    undo = [f"{here.tools['sysctl']} -qw {name}=0" for name in switched[1:]]
    undo += [f"{ip} rule delete {words.partition(' iif')[0].partition(' not')[0]}" for words in rules(link, here)]
    undo += [f"{ip} link delete dev {job.interface}"]
    kind = ["Type=oneshot", "RemainAfterExit=yes"] if here.kernel else ["Type=forking"]
    # What a killed one left behind would be in the way.
    before = [f"ExecStartPre=-{words}" for words in undo]
    return _unit(job.policy, [*kind, *before, f"ExecStart={make}", *(f"ExecStartPost={words}" for words in after),
                              *(f"ExecStopPost=-{words}" for words in undo)])


def near_unit(job: Job, ip: str) -> str:
    """The systemd unit of a machine that only has routes."""
    lines = ["Type=oneshot", "RemainAfterExit=yes"]
    lines += [f"ExecStart={ip} route replace {words}" for words in near_routes(job.link)]
    lines += [f"ExecStopPost=-{ip} route delete {words}" for words in near_routes(job.link)]
    return _unit(job.policy, lines)


def _unit(policy: str, lines: list[str]) -> str:
    # Programs that set up the network anew take routes away that are not theirs; the unit starts again with them.
    return "\n".join([
        "[Unit]", f"Description=Bascule: the link of {policy}", "Wants=network-online.target",
        "After=network-online.target systemd-networkd.service networking.service",
        "PartOf=systemd-networkd.service networking.service", "StartLimitIntervalSec=0", "",
        "[Service]", *lines, "Restart=on-failure", "RestartSec=5", "TimeoutStartSec=60", "",
        "[Install]", "WantedBy=multi-user.target", "",
    ])
