# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that a packet goes through the tunnel, and not around it; or says in a sentence what stands in the way.

Three things must agree: the answer of the far end at its address inside the tunnel to a packet that could leave by the
tunnel only; the tunnel's own counters, both ways, by at least the size of that packet; and a handshake that is recent
enough for the packet to have been read at all.
"""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import (
    link_echo,
    link_here,
    link_live,
    link_raise,
)
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.plain_time import span

# After this long without a new handshake WireGuard reads no packet any more (REJECT_AFTER_TIME).
FRESH_S = 180
# A machine beside an end asks for so long at most: what is wrong with the tunnel itself, its ends say.
BESIDE_S = 10


def probe(job: Job) -> dict[str, Any]:
    """Ask every far end; changes nothing."""
    why = link_raise.state_of(job.unit)
    if why:
        return _found(job, [], [f"The link does not run at {job.machine}: {why}. dr-build.yml raises it."])
    if job.near:
        return _beside(job)
    found = link_live.tunnel(job.interface)
    if found is None:
        return _found(job, [], [f"There is no tunnel at {job.machine}. dr-build.yml raises it."])
    ways, problems = [], []
    if found.public_key != job.link["public_key"]:
        problems.append(f"The tunnel at {job.machine} has another key than the secret {job.link['secret']} "
                        "gives, so the other end does not know it. dr-build.yml sets it again.")
    for peer in job.link["peers"]:
        if not peer.get("silent"):
            way, problem = _ask(job, peer, found)
            ways.append(way)
            problems += [problem] if problem else []
    return _found(job, ways, problems)


def _beside(job: Job) -> dict[str, Any]:
    """A machine beside an end: whether its routes are there, and whether that end passes its packets on."""
    lost = link_live.wrong(job, link_here.look(job))
    if lost:
        return _found(job, [], [f"At {job.machine} {lost}. dr-build.yml sets it again."])
    deaf = [end["name"] for end in job.link["beyond"] if not end.get("silent")
            and link_echo.there_and_back(end["address"], "", min(job.limit_s, BESIDE_S)) is None]
    through = job.link["through"]
    return _found(job, [], [
        f"{job.machine} reaches {', '.join(deaf)} through {through} no more. If {through} itself does, a packet filter "
        f"on or before {through} does not let the packets of others through."] if deaf else [])


def _found(job: Job, ways: list[dict[str, Any]], problems: list[str]) -> dict[str, Any]:
    notes = [f"A packet went from {job.machine} to {way['peer']} through the link and back in "
             f"{way['seconds'] * 1000:.0f} ms; the last handshake is {span(way['handshake_age_s'])} old."
             for way in ways if way["through"]]
    return {"evidence": {"ways": ways, "problems": problems}, "notes": notes}


def _ask(job: Job, peer: dict[str, Any], before: link_live.Tunnel) -> tuple[dict[str, Any], str]:
    """What came of asking one far end, and what is wrong, or nothing."""
    blank = {"peer": peer["name"], "through": False, "seconds": None, "handshake_age_s": None, "sent_bytes": 0,
             "received_bytes": 0, "endpoint": peer["endpoint"]}
    old = before.peers.get(peer["public_key"])
    if old is None:
        return blank, (f"The tunnel at {job.machine} does not know the key of {peer['name']}, so it does not listen to "
                       "it. dr-build.yml sets it again.")
    seconds = link_echo.there_and_back(peer["address"], job.interface, job.limit_s)
    now = link_live.tunnel(job.interface)
    new = now.peers.get(peer["public_key"], old) if now else old
    age = max(0, int(time.time()) - new.handshake) if new.handshake else None
    way = {**blank, "seconds": seconds, "handshake_age_s": age, "sent_bytes": new.sent - old.sent,
           "received_bytes": new.received - old.received, "endpoint": new.endpoint or peer["endpoint"]}
    counted = min(way["sent_bytes"], way["received_bytes"]) >= link_echo.SIZE
    way["through"] = seconds is not None and counted and age is not None and age <= FRESH_S
    return way, "" if way["through"] else _why(job, peer, way, counted)


def _why(job: Job, peer: dict[str, Any], way: dict[str, Any], counted: bool) -> str:
    name, age = peer["name"], way["handshake_age_s"]
    if way["seconds"] is not None:
        how = "its counters stood still" if not counted else "its last handshake is too old to have carried it"
        return f"Something answered {job.machine} at {peer['address']}, and not through the tunnel: {how}."
    # A far end that got the packet and does not answer lets its tunnel say so within ten seconds.
    if age is not None and age <= FRESH_S and way["received_bytes"] > 0:
        return (f"The tunnel from {job.machine} to {name} stands (handshake {span(age)} ago), and {name} does not "
                f"answer inside it at {peer['address']}. Look at the packet filter of {name}.")
    at = f" at {way['endpoint']}" if way["endpoint"] else ""
    heard = f"has never heard {name}{at}" if age is None else f"has not heard {name}{at} for {span(age)}"
    closed = f"UDP port {peer['endpoint'].rpartition(':')[2]} is closed on the way, " if peer["endpoint"] else ""
    rest = f"{name} is down, or one of the two ends has another key" if closed else \
        f"{name} is down, its site does not let UDP out, or one of the two ends has another key"
    return f"{job.machine} {heard}: {closed}{rest}."
