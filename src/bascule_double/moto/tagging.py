# SPDX-License-Identifier: Apache-2.0
"""What the tagging service knows at AWS and not in moto: elastic addresses, rules of security groups, key pairs.

(Resource Groups User Guide, Supported resource types, EC2.) An address that was forgotten costs money every hour.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any


def cure() -> None:
    """Have them listed with the other resources of EC2."""
    from moto.core.resource_tagging import TaggedResource
    from moto.ec2.models import EC2Backend

    original = EC2Backend.iter_tagged_resources

    @functools.wraps(original)
    def listed(self: Any) -> Iterator[TaggedResource]:
        yield from original(self)
        for kind, id_ in more(self):
            arn = f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:{kind}/{id_}"
            yield TaggedResource(arn=arn, tags=dict(self.tags.get(id_, {})), resource_type=f"ec2:{kind}")

    EC2Backend.iter_tagged_resources = listed  # type: ignore[method-assign]


def more(backend: Any) -> Iterator[tuple[str, str]]:
    """Kind and id of what moto leaves out."""
    for address in backend.addresses:
        if address.allocation_id:
            yield "elastic-ip", address.allocation_id
    for groups in backend.groups.values():
        for group in groups.values():
            for rule in (*group.ingress_rules, *group.egress_rules):
                yield "security-group-rule", rule.id
    for pair in backend.key_pairs.values():
        yield "key-pair", pair.id
