# SPDX-License-Identifier: Apache-2.0
"""All in the account that carries our tag: what each service says, and what the index of tags knows beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from automation.trouble import short

from account import network, services
from account.access import FAILS, code, pages
from account.network import ABSENT, ENDING
from account.things import POLICY, Thing, tags

LISTERS: dict[str, Callable[[str, str], Iterator[Thing]]] = {**network.LISTERS, **services.LISTERS}
VPN = ("ec2", "client-vpn-endpoint")
# Part of an ARN → the services above answer for it themselves: the index goes on naming things that are gone.
ANSWERED = frozenset(
    {
        ("ec2", "instance"),
        ("ec2", "volume"),
        ("ec2", "snapshot"),
        ("ec2", "vpc"),
        ("ec2", "subnet"),
        ("ec2", "internet-gateway"),
        ("ec2", "route-table"),
        ("ec2", "security-group"),
        ("ec2", "security-group-rule"),
        ("ec2", "elastic-ip"),
        ("ec2", "network-interface"),
        ("elasticloadbalancing", "loadbalancer"),
        ("elasticloadbalancing", "targetgroup"),
        ("elasticloadbalancing", "listener"),
        ("elasticloadbalancing", "listener-rule"),
        ("kms", "key"),
        ("s3", ""),
        ("iam", "role"),
        ("iam", "user"),
        ("iam", "instance-profile"),
        ("route53", "hostedzone"),
        ("route53", "healthcheck"),
        ("cloudwatch", "alarm"),
        ("sns", ""),
        ("budgets", "budget"),
    }
)


def owned(policy: str, region: str, ending: bool = False) -> tuple[list[Thing], list[str]]:
    """Return what carries the tag of a policy, and a sentence for each service that would not say.

    `ending`: count instances that are being ended too.
    """
    with ThreadPoolExecutor(len(LISTERS) + 2) as several:
        asked = {name: several.submit(_all, lister, policy, region) for name, lister in LISTERS.items()}
        index = {place: several.submit(_index, policy, place) for place in dict.fromkeys((region, "us-east-1"))}
    things, unknown = [], []
    for name, answer in asked.items():
        found, why = answer.result()
        things += found
        unknown += [f"{name}: {why}"] if why else []
    for place, answer in index.items():
        found, why = answer.result()
        things += found
        unknown += [f"the index of tags in {place}: {why}"] if why else []
    return [thing for thing in things if ending or thing.detail.get("state") != ENDING], unknown


def _all(lister: Callable[[str, str], Iterator[Thing]], policy: str, region: str) -> tuple[list[Thing], str]:
    try:
        return list(lister(policy, region)), ""
    except FAILS as error:
        return [], "" if code(error) in ABSENT else short(str(error))


def _index(policy: str, region: str) -> tuple[list[Thing], str]:
    """What the index of tags names and no service above answers for."""
    wanted = [{"Key": POLICY, "Values": [policy]}]
    try:
        listed = pages("resourcegroupstaggingapi", region, "get_resources", "ResourceTagMappingList", TagFilters=wanted)
    except FAILS as error:
        return [], short(str(error))
    found = [(entry["ResourceARN"], tags(entry.get("Tags"))) for entry in listed]
    rest = [(arn, about) for arn, about in found if _kind(arn) not in ANSWERED]
    vpn = [arn.rpartition("/")[2] for arn, _about in rest if _kind(arn) == VPN]
    things = [Thing(arn.split(":")[2], arn, about) for arn, about in rest if _kind(arn) != VPN]
    return [*things, *(network.endpoints(vpn, region) if vpn else ())], ""


def _kind(arn: str) -> tuple[str, str]:
    """The service of an ARN and the kind in it: ``("ec2", "instance")``; an empty kind where the ARN has none."""
    _arn, _aws, service, _region, _account, rest = arn.split(":", 5)
    for sign in ("/", ":"):
        if sign in rest:
            return service, rest.partition(sign)[0]
    return service, ""
