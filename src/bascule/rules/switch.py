# SPDX-License-Identifier: Apache-2.0
"""The switch outlives the site that is left, is fast enough, and sends users where the activities are."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from bascule.diagnostics import Diagnostic
from bascule.policy import DnsSwitch, ManualSwitch, Policy
from bascule.values import duration_text

# A resolver may keep the old answer for a whole ttl after the switch; recovery itself needs the rest of the time.
TTL_SHARE = 4


def server_survives(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC333 when the name server stands at the primary site and is not recovered with it."""
    switch = policy.switch
    if not isinstance(switch, DnsSwitch):
        return
    primary = policy.sites["primary"]
    machine = next((m.id for m in primary.machines.values() if m.address == switch.server), None)
    inside = primary.network and ip_address(switch.server) in ip_network(primary.network, strict=False)
    recovered = machine and any(machine in system.runs_on.values() for system in policy.systems.values())
    if (machine or inside) and not recovered:
        where = f"is the machine `{machine}` of" if machine else f"is in the network {primary.network} of"
        what = f"the name server {switch.server} {where} the primary site and is lost with it"
        fix = "Use a name server elsewhere, or make it a system that is recovered before the others."
        yield policy.source.finding("BC333", ("switch", "dns", "server"), what, fix)


def ttl_fits(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC351 when users may be kept at the old address for more than a quarter of the promised time."""
    switch = policy.switch
    if isinstance(switch, ManualSwitch):
        return
    named = set(switch.names.values())
    promised = [(a.target.rto_s, a.id) for a in policy.activities.values() if named & set(a.all_uses)]
    if promised and switch.ttl_s * TTL_SHARE > min(promised)[0]:
        rto_s, id_ = min(promised)
        what = f"resolvers may keep the old address for {duration_text(switch.ttl_s)}, too long for `{id_}` (`rto`"
        what += f" {duration_text(rto_s)}): only a quarter of it is left for this, the rest is the recovery's"
        fix = f"Write `ttl: {duration_text(rto_s // TTL_SHARE)}` or less."
        yield policy.source.finding("BC351", ("switch", switch.kind, "ttl"), what, fix)


def limit_fits(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC354 when a person may take longer than an activity promises."""
    switch = policy.switch
    if not isinstance(switch, ManualSwitch):
        return
    rto_s, id_ = min((a.target.rto_s, a.id) for a in policy.activities.values())
    if switch.limit_s >= rto_s:
        limit = duration_text(switch.limit_s)
        what = f"a person may take {limit}, but `{id_}` is promised within {duration_text(rto_s)}"
        fix = f"Write a limit well below {duration_text(rto_s)}, or promise more time."
        yield policy.source.finding("BC354", ("switch", "manual", "limit"), what, fix)


def names_lead_there(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC356 for each activity that no name of the switch leads to."""
    switch = policy.switch
    if isinstance(switch, ManualSwitch):
        return
    named = set(switch.names.values())
    for activity in policy.activities.values():
        if not named & set(activity.all_uses):
            what = f"no name of the switch leads to a system that `{activity.id}` uses"
            fix = f"Add a line to `switch.{switch.kind}.names`; otherwise users stay at the primary site."
            path = ("activities", activity.id, "uses")
            yield policy.source.finding("BC356", path, what, fix, key=True, severity="warning")


def asked_through_the_switch(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC353 for each page that is asked at a machine of the primary, or by a name that is not moved."""
    moved = None
    if not isinstance(policy.switch, ManualSwitch):
        moved = {f"{name}.{policy.switch.zone}" for name in policy.switch.names}
    fixed = {m.address for m in policy.sites["primary"].machines.values()}
    for activity in policy.activities.values():
        for i, check in enumerate(activity.usable_when):
            if check.kind != "http":
                continue
            host = check.url.split("/")[2].split(":")[0]
            if host in fixed or (moved is not None and host not in moved):
                what = f"the switch does not move `{host}`, so this check cannot show what users see after it"
                names = ", ".join(f"`{name}`" for name in sorted(moved or ())[:5])
                fix = f"Ask through a name that the switch moves ({names})." if names else "Ask through a name."
                path = ("activities", activity.id, "usable_when", i, "http", "url")
                yield policy.source.finding("BC353", path, what, fix, severity="warning")
