# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the link runs on a machine, beside what should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.bascule.continuity.plugins.module_utils import link_here, link_texts, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job


@dataclass(frozen=True)
class Seen:
    """What WireGuard knows of a peer: `endpoint` or nothing, networks, epoch seconds of the last handshake (0: never),
    bytes."""

    endpoint: str
    allowed: frozenset[str]
    handshake: int
    received: int
    sent: int


@dataclass(frozen=True)
class Tunnel:
    """A tunnel that is there: its own public key, the port that it listens on, its peers by public key."""

    public_key: str
    port: int
    peers: dict[str, Seen]


def parsed(dump: str) -> Optional[Tunnel]:
    """What `wg show INTERFACE dump` says, without the private key that is in it; None when that is nothing."""
    lines = [line.split("\t") for line in dump.splitlines() if line]
    if not lines or len(lines[0]) < 4:
        return None
    peers = {}
    for key, _psk, endpoint, allowed, handshake, received, sent, *_rest in lines[1:]:
        networks = frozenset(allowed.split(",")) - {"(none)"}
        peers[key] = Seen("" if endpoint == "(none)" else endpoint, networks, int(handshake), int(received), int(sent))
    return Tunnel(lines[0][1], int(lines[0][2]), peers)


def tunnel(interface: str) -> Optional[Tunnel]:
    """The tunnel that is there now, or None."""
    ended = machine_run.run(["wg", "show", interface, "dump"])
    return parsed(ended.out) if ended.code == 0 else None


def wrong(job: Job, here: link_texts.Here) -> Optional[str]:
    """What does not run as it is written on this machine, in words; None when all does."""
    link = job.link
    if job.near:
        lost = [network for network in link["far"] if not link_here.leads(network, str(link["via"]))]
        return f"there is no route to {', '.join(lost)} through {link['through']}" if lost else None
    found = tunnel(job.interface)
    if found is None:
        return "there is no tunnel"
    if found.public_key != link["public_key"]:
        return f"its key is not the one of the secret {link['secret']}"
    if link["port"] and found.port != link["port"]:
        return f"it listens on port {found.port}, not {link['port']}"
    strange = _peers(link, found)
    if strange:
        return strange
    lost = [net for net in link["far"] if not link_here.way_to(net, job.number)]
    if lost:
        return f"there is no route to {', '.join(lost)}"
    missing = {int(words.split()[1]) for words in link_texts.rules(link, here)} - set(link_here.rule_numbers())
    if missing:
        return f"the rules {', '.join(str(number) for number in sorted(missing))} for routes are gone"
    stopped = [name for name in link_texts.forwarding(link, here) if not link_here.passes_on(name.split("/")[3])]
    return f"packets that arrive on {stopped[0].split('/')[3]} are not passed on" if stopped else None


def _peers(link: dict[str, Any], found: Tunnel) -> Optional[str]:
    """What is wrong with the peers that a tunnel knows."""
    for peer in link["peers"]:
        seen = found.peers.get(peer["public_key"])
        if seen is None:
            return f"it does not know the key of {peer['name']}"
        if set(peer["allowed"]) != seen.allowed:
            return f"it lets {peer['name']} carry {', '.join(sorted(seen.allowed)) or 'nothing'}"
    if len(found.peers) > len(link["peers"]):
        return "it knows somebody who is not in the plan"
    return None
