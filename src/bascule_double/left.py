# SPDX-License-Identifier: Apache-2.0
"""What is there in the double that carries the tag of a policy: what a demonstration asks after a teardown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bascule_double.config import Settings
from bascule_double.errors import DoubleError
from bascule_double.session import Clients

TAG = "bascule:policy"
# moto takes any credentials; without some, a client would look for those of the person who works here.
NOBODY = "double"
# AWS's words for an instance that is gone and for a key that goes by itself, since no key can go at once.
ENDED = frozenset({"shutting-down", "terminated"})
GOING = frozenset({"PendingDeletion"})
Client = Callable[[str], Any]


def left(endpoint: str, policy: str, regions: Iterable[str]) -> list[str]:
    """Return the ARNs of all that carries the tag `bascule:policy`, sorted; raise DoubleError when nobody says it.

    The tagging API goes on naming instances for a while after their end, and keys until the day on which they go: those
    are asked of their own service.
    """
    try:
        return sorted(arn for region in regions for arn in _in_region(endpoint, policy, region))
    except Exception as error:  # whatever boto3 makes of an endpoint
        raise DoubleError(f"the double does not say what is left: {error}") from error


def _in_region(endpoint: str, policy: str, region: str) -> list[str]:
    clients = Clients(Settings(region, {"": endpoint}, access_key=NOBODY, secret_key=NOBODY))

    def client(service: str) -> Any:
        return clients.get(service, region)

    pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = [
        str(entry["ResourceARN"])
        for page in pages.paginate(TagFilters=[{"Key": TAG, "Values": [policy]}])
        for entry in page["ResourceTagMappingList"]
    ]
    gone = {(kind, name) for kind, ended in SAYS.items() for name in ended(client)}
    return [arn for arn in found if _named(arn) not in gone]


def _named(arn: str) -> tuple[str, str]:
    service, rest = arn.split(":", 5)[2], arn.split(":", 5)[5]
    kind, _, name = rest.partition("/")
    return f"{service}:{kind}", name


def _ended_instances(client: Client) -> list[str]:
    pages = client("ec2").get_paginator("describe_instances").paginate()
    every = [one for page in pages for entry in page["Reservations"] for one in entry["Instances"]]
    return [one["InstanceId"] for one in every if one["State"]["Name"] in ENDED]


def _going_keys(client: Client) -> list[str]:
    kms = client("kms")
    names = [one["KeyId"] for page in kms.get_paginator("list_keys").paginate() for one in page["Keys"]]
    return [name for name in names if kms.describe_key(KeyId=name)["KeyMetadata"]["KeyState"] in GOING]


# Kind of a thing → names of those that are gone or go by themselves.
SAYS: dict[str, Callable[[Client], list[str]]] = {"ec2:instance": _ended_instances, "kms:key": _going_keys}
