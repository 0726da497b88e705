# SPDX-License-Identifier: Apache-2.0
"""The link of a site that is built: where it ends, whose keys it has, and that all who need it are ends of it."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.cloud import built_late, built_sites
from bascule.diagnostics import Diagnostic
from bascule.policy import Link, LinkAccess, Policy, PublicAccess, Site


def _links(policy: Policy) -> Iterator[tuple[Site, Link]]:
    yield from ((site, cloud.link) for site, cloud in built_sites(policy) if cloud.link)


def ends_here(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC421 for each link whose end is no machine of the site, or is not there when others are."""
    late = built_late(policy)
    for site, link in _links(policy):
        path = ("sites", site.id, "link", "through")
        there = policy.machines[link.through].site
        running = [one for one in site.machines if one not in late]
        if there != site.id:
            what = f"`{link.through}` is at the site `{there}`, and the tunnels must end at a machine of `{site.id}`"
            listed = ", ".join(f"`{id_}`" for id_ in list(site.machines)[:6])
            yield policy.source.finding("BC421", path, what, f"Name a machine of `{site.id}` ({listed}).")
        elif link.through in late and running:
            what = f"`{running[0]}` is there before a disaster, and `{link.through}`, through which all comes, is not"
            fix = f"Write `readiness: pilot` for `{link.through}`, or let the tunnels end at `{running[0]}`."
            yield policy.source.finding("BC421", path, what, fix)


def peers_elsewhere(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC422 for each peer that is a machine of the site itself, or the second one of the primary."""
    for site, link in _links(policy):
        carrying = None
        for peer in link.peers:
            path, there = ("sites", site.id, "link", "peers", peer), policy.machines[peer].site
            if there == site.id:
                what = f"`{peer}` is at the site `{site.id}` itself; a peer is the other end of a tunnel"
                fix = "Name a machine of another site: one of the primary carries the network of its site."
                yield policy.source.finding("BC422", path, what, fix, key=True)
            elif there == "primary" and carrying:
                what = f"`{carrying}` carries the network of the primary already"
                fix = f"Keep the one that runs most; `{peer}` is reached through it."
                yield policy.source.finding("BC422", path, what, fix, key=True)
            carrying = peer if there == "primary" else carrying


def keys_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC425 for each end that has the key of another, or of something else."""
    for site, link in _links(policy):
        owners = {one.connection.key: f"the login of `{one.id}`" for one in policy.machines.values()}
        owners[link.key] = f"the end at `{link.through}`"
        for peer, key in link.peers.items():
            if key in owners:
                what = f"`{key}` is the key of {owners[key]} too, and each end needs one of its own"
                fix = f"Declare another secret, for example `link-{peer}: {{file: ~/.config/bascule/link-{peer}.key}}`."
                path = ("sites", site.id, "link", "peers", peer, "key", "secret")
                yield policy.source.finding("BC425", path, what, fix)
            owners.setdefault(key, f"the end at `{peer}`")


def copies_can_cross(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC426 for each site that copies must come to, or be fetched from, and cannot."""
    for site, cloud in built_sites(policy):
        coming = [one.id for one in policy.systems.values() if one.protect and one.runs_on["standby"] in site.machines]
        if not coming:
            continue
        link, more = cloud.link, f" and of {len(coming) - 1} more" if len(coming) > 1 else ""
        crossing = f"replication and copies of `{coming[0]}`{more}"
        if link is None:
            what = f"{crossing} must come here from the primary, and there is no link"
            yield policy.source.finding(
                "BC426", ("sites", site.id), what, f"Add `{_proposed(policy, site)}`.", key=True
            )
            continue
        path = ("sites", site.id, "link", "peers")
        if not any(policy.machines[peer].site == "primary" for peer in link.peers):
            what = f"{crossing} must come here from the primary, and no machine of it is an end of the link"
            machine = next(iter(policy.sites["primary"].machines), "…")
            yield policy.source.finding("BC426", path, what, f"Add `{_peer(machine)}`.", key=True)
        for place in policy.copies:
            if place not in link.peers and policy.machines[place].site not in ("primary", site.id):
                what = f"`{place}` fetches copies from here, and is no end of the link"
                yield policy.source.finding("BC426", path, what, f"Add `{_peer(place)}`.", key=True)


def _proposed(policy: Policy, site: Site) -> str:
    through, machine = next(iter(site.machines), "…"), next(iter(policy.sites["primary"].machines), "…")
    return f"link: {{through: {through}, key: {{secret: link-{through}}}, peers: {{{_peer(machine)}}}}}"


def _peer(machine: str) -> str:
    return f"{machine}: {{key: {{secret: link-{machine}}}}}"


def observers_can_look(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC427 for each observer that the site's systems cannot be reached from."""
    for site, cloud in built_sites(policy):
        if cloud.link is None or isinstance(cloud.access, PublicAccess):
            continue
        for observer in policy.observers.values():
            if observer.machine in cloud.link.peers or policy.machines[observer.machine].site in ("primary", site.id):
                continue
            what = f"`{observer.machine}` is no end of the link, so it cannot see what this site serves"
            fix = f"Add `{_peer(observer.machine)}`."
            path = ("sites", site.id, "link", "peers")
            yield policy.source.finding("BC427", path, what, fix, key=True, severity="warning")


def users_by_link(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC431 for each site whose users are to come through a link that is not there."""
    for site, cloud in built_sites(policy):
        if isinstance(cloud.access, LinkAccess) and cloud.link is None:
            what = "users are to come through the link, and there is none"
            fix = f"Add `{_proposed(policy, site)}`."
            yield policy.source.finding("BC431", ("sites", site.id, "access", "by"), what, fix)
