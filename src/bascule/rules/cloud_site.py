# SPDX-License-Identifier: Apache-2.0
"""A site that is built is where it helps, under names that AWS takes, open to few, paid for, and its state survives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address, ip_network

from bascule.cloud import built_sites
from bascule.diagnostics import Diagnostic, show
from bascule.policy import Policy, PublicAccess, Route53Switch, VpnAccess
from bascule.providers.aws_tables import LONGEST_POLICY_ID, REGIONS, nearest
from bascule.systems import type_of

# Larger networks are whole providers, whose other customers may call too.
_WIDEST = 16
_MOST_TAGS = 40


def only_the_standby(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC401 for each other site that is to be built."""
    for site, _ in built_sites(policy):
        if site.id != "standby":
            fix = "Write `provider: hosts`, and the addresses of its machines."
            what = f"only the standby is built, and this is the site `{site.id}`"
            yield policy.source.finding("BC401", ("sites", site.id, "provider"), what, fix)


def regions(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC404 for a site in the region of the primary, BC405 for a region that this version does not know."""
    primary = policy.sites["primary"].region
    for site, _ in built_sites(policy):
        region = site.region or ""
        path = ("sites", site.id, "region")
        if region == primary:
            area = region.partition("-")[0]
            other = next((one for one in sorted(REGIONS) if one != region and one.startswith(area)), "eu-central-1")
            what = f"the primary is in the region `{region}` too; what strikes it strikes both"
            yield policy.source.finding("BC404", path, what, f"Build the standby elsewhere, for example in `{other}`.")
        if region not in REGIONS:
            near = nearest(region, REGIONS)
            fix = f"Did you mean `{near}`? " if near else ""
            fix += "If it is a new one, its zones are taken to be called `a` and `b`; `dr-status` asks AWS."
            what = f"this version knows no region {show(region)}"
            yield policy.source.finding("BC405", path, what, fix, severity="warning")


def names(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC414 for an id that makes names longer than AWS takes, BC415 for each tag that it does not take."""
    for site, cloud in built_sites(policy):
        if len(policy.id) > LONGEST_POLICY_ID:
            what = f"the id has {len(policy.id)} characters, and AWS takes no bucket whose name has more than 63 in all"
            fix = f"Choose one of at most {LONGEST_POLICY_ID} characters, for example `{_shorter(policy.id)}`."
            yield policy.source.finding("BC414", ("organisation", "id"), what, fix)
        for key in cloud.tags:
            prefix = next((one for one in ("aws:", "bascule:") if key.lower().startswith(one)), None)
            if prefix or key == "Name":
                whose = "AWS keeps tags that begin with `aws:`" if prefix == "aws:" else f"the tag {show(key)} is ours"
                path = ("sites", site.id, "tags", key)
                fix = f"Choose another name, for example `firm:{key.partition(':')[2] or 'name'}`."
                yield policy.source.finding("BC415", path, whose, fix, key=True)
        if len(cloud.tags) > _MOST_TAGS:
            what = f"there are {len(cloud.tags)} tags, and AWS takes 50, of which some are ours"
            yield policy.source.finding(
                "BC415", ("sites", site.id, "tags"), what, f"Keep at most {_MOST_TAGS}.", key=True
            )


def _shorter(id_: str) -> str:
    return id_[:LONGEST_POLICY_ID].rpartition("-")[0] or id_[:LONGEST_POLICY_ID]


def callers(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC416 for each network of `admin` that is none, or that opens SSH to too many."""
    for site, cloud in built_sites(policy):
        for i, text in enumerate(cloud.admin):
            network = IPv4Network(text, strict=False)
            path = ("sites", site.id, "admin", i)
            if network.prefixlen < _WIDEST:
                whole = network.prefixlen == 0
                what = f"{text} opens SSH to {'everybody' if whole else f'{network.num_addresses:,} addresses'}"
                fix = "Write the addresses from which you work, each with `/32`; once the link is up none is needed."
                yield policy.source.finding("BC416", path, what, fix)
            elif str(network) != text:
                what = f"{text} is an address inside a network, not a network"
                fix = f"Write `{text.partition('/')[0]}/32` for this address alone, or `{network}`."
                yield policy.source.finding("BC416", path, what, fix)


def public_names(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC432 for each public name that the switch does not move, or behind which nothing answers."""
    switch = policy.switch
    for site, cloud in built_sites(policy):
        if not isinstance(cloud.access, PublicAccess):
            continue
        path = ("sites", site.id, "access", "public", "name")
        wanted = cloud.access.name
        if not isinstance(switch, Route53Switch):
            host, _, zone = wanted.partition(".")
            what = "users are sent to a public name by Route 53 only"
            fix = f"Write `switch: {{route53: {{zone: {zone}, ttl: 60s, names: {{{host}: …}}}}}}`."
            yield policy.source.finding("BC432", path, what, fix)
            continue
        moved = {f"{name}.{switch.zone}": system for name, system in switch.names.items()}
        if wanted not in moved:
            what = f"`switch.route53` moves no name `{wanted}`"
            fix = f"Write one of {', '.join(f'`{name}`' for name in list(moved)[:6])}."
            yield policy.source.finding("BC432", path, what, fix)
            continue
        system = policy.systems[moved[wanted]]
        kind = type_of(policy, system)
        if not kind.ports(kind.settings(policy, system), ()):
            what = f"the name leads to `{system.id}`, which does not say at which port it answers"
            fix = f"Add `answers: {{http: {{port: 8000}}}}` to `{system.id}`."
            yield policy.source.finding("BC432", path, what, fix)


def certificates(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC433 for each certificate of another region than that of the site."""
    for site, cloud in built_sites(policy):
        access = cloud.access
        if isinstance(access, PublicAccess | VpnAccess):
            region = access.certificate.split(":")[3]
            if region != site.region:
                what = f"this certificate is in the region {region}, and the site is built in {site.region}"
                path = ("sites", site.id, "access", access.kind, "certificate")
                fix = f"Have one issued in {site.region}; a certificate is used where it was issued."
                yield policy.source.finding("BC433", path, what, fix)


def budgets(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC441 for each budget that is not more than nothing."""
    for site, cloud in built_sites(policy):
        if cloud.budget is not None and cloud.budget <= 0:
            what = f"a budget of {cloud.budget:g} lets nothing be built"
            currency = policy.organisation.currency
            fix = f"Write what a month may cost in {currency}, for example `budget: 120`, or leave it out."
            yield policy.source.finding("BC441", ("sites", site.id, "budget"), what, fix)


def state_survives(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC442 where the state lies at the primary, BC443 where nobody has said where it lies."""
    for site, cloud in built_sites(policy):
        path = ("sites", site.id, "state")
        better = f"`url: s3://{policy.id}-state?region={site.region}`"
        if cloud.state_url is None:
            what = (
                "the state will lie in a folder of the controller that builds, and other controllers will not have it"
            )
            fix = (
                f"Keep it where the standby is, {better}; write `url: file://~/.bascule/state` if the folder is meant."
            )
            yield policy.source.finding("BC443", path, what, fix, key=True, severity="warning")
        elif where := _at_primary(policy, cloud.state_url, site.region):
            what = f"the state lies {where}, and is lost with the primary"
            yield policy.source.finding("BC442", (*path, "url"), what, f"Keep it where the standby is: {better}.")


def _at_primary(policy: Policy, url: str, near: str | None) -> str | None:
    """Where a store is, when that is at the primary site; that it is in the region ``near`` too is told elsewhere."""
    site = policy.sites["primary"]
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    asked = [tuple(pair.split("=", 1)) for pair in query.split("&")]
    if scheme == "s3" and site.region != near and ("region", site.region) in asked:
        return f"in the region {site.region}"
    endpoints = (pair[1] for pair in asked if pair[0] == "endpoint" and len(pair) > 1)
    # A host may be written as an address of the web, with a port.
    named = (place, *(endpoint.rpartition("://")[2] for endpoint in endpoints))
    for host in (re.split("[/:]", one, maxsplit=1)[0] for one in named):
        machine = next((one for one in site.machines.values() if host in (one.address, one.id)), None)
        if machine:
            return f"on `{machine.id}`"
        if site.network and _inside(host, site.network):
            return f"in the network {site.network}"
    return None


def _inside(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def route53_has_a_site(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC451 for a zone of Route 53 without a site beside which it is kept."""
    if isinstance(policy.switch, Route53Switch) and not any(built_sites(policy)):
        what = "Route 53 is asked with the account of a site that is built, and no site is"
        fix = "Write `provider: aws` for the standby, or `dns` in place of `route53`."
        yield policy.source.finding("BC451", ("switch", "route53"), what, fix, key=True)
