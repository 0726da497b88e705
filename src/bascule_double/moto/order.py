# SPDX-License-Identifier: Apache-2.0
"""What AWS refuses to remove while something needs it, and moto removes. Messages are AWS's own."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

# For how many seconds the interfaces of an ended instance stay, and keep their subnet and their groups.
LINGER_S = float(os.environ.get("BASCULE_DOUBLE_LINGER_S") or 0)


def cure() -> None:
    """Put a look before each of moto's removals in EC2."""
    from moto.ec2.models import EC2Backend

    for name, look in LOOKS.items():
        before(EC2Backend, name, look)
    after_termination(EC2Backend)


def before(owner: type[Any], name: str, look: Callable[..., None]) -> None:
    """Have `look` see a request before the method of moto does; it raises what AWS would answer."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def guarded(self: Any, *args: Any, **words: Any) -> Any:
        look(self, *args, **words)
        return original(self, *args, **words)

    setattr(owner, name, guarded)


def refuse(code: str, message: str) -> None:
    """Raise an error of EC2 as moto answers it."""
    from moto.ec2.exceptions import EC2ClientError

    raise EC2ClientError(code, message)


def needed(what: str) -> None:
    refuse("DependencyViolation", f"{what} has dependencies and cannot be deleted.")


def interfaces(backend: Any) -> list[Any]:
    """All network interfaces; a copy, since requests come in threads."""
    return list(backend.enis.values())


def look_vpc(backend: Any, vpc_id: str, *_rest: Any) -> None:
    """A gateway, a group of ours or an interface keeps a network (Amazon VPC User Guide, Delete your VPC)."""
    gateways = [one for one in backend.internet_gateways.values() if one.vpc and one.vpc.id == vpc_id]
    groups = [one for one in backend.groups.get(vpc_id, {}).values() if one.name != "default"]
    used = [one for one in interfaces(backend) if one.subnet.vpc_id == vpc_id]
    if gateways or groups or used:
        needed(f"The vpc '{vpc_id}'")


def look_subnet(backend: Any, subnet_id: str, *_rest: Any) -> None:
    """An interface keeps a subnet (API Reference, DeleteSubnet: terminate all running instances first)."""
    if any(one.subnet.id == subnet_id for one in interfaces(backend)):
        needed(f"The subnet '{subnet_id}'")


def look_group(backend: Any, name: str | None = None, group_id: str | None = None) -> None:
    """An interface or a rule of another group keeps a group (API Reference, DeleteSecurityGroup)."""
    used = any(group_id == group.id for one in interfaces(backend) for group in one.group_set)
    if group_id and (used or group_id in set(named_groups(backend, group_id))):
        refuse("DependencyViolation", f"resource {group_id} has a dependent object")


def named_groups(backend: Any, but: str) -> Iterator[str]:
    """The ids of groups that rules of other groups than `but` name."""
    for groups in backend.groups.values():
        for group in groups.values():
            for rule in [*group.ingress_rules, *group.egress_rules] if group.id != but else []:
                yield str(rule.source_group.get("GroupId", ""))


def look_detach(backend: Any, internet_gateway_id: str, vpc_id: str) -> None:
    """A public address that is in use keeps the gateway (API Reference, DetachInternetGateway)."""
    inside = [one for one in interfaces(backend) if one.subnet.vpc_id == vpc_id and one.public_ip]
    if inside:
        message = (
            f"Network {vpc_id} has some mapped public address(es). Please unmap those before detaching the gateway."
        )
        refuse("DependencyViolation", message)


def look_release(backend: Any, address: str | None = None, allocation_id: str | None = None) -> None:
    """An address that is associated stays (API Reference, ReleaseAddress)."""
    for one in backend.addresses:
        same = (allocation_id and one.allocation_id == allocation_id) or (address and one.public_ip == address)
        if same and one.association_id:
            refuse("InvalidIPAddress.InUse", f"Address {one.public_ip} is in use.")


LOOKS: dict[str, Callable[..., None]] = {
    "delete_vpc": look_vpc,
    "delete_subnet": look_subnet,
    "delete_security_group": look_group,
    "detach_internet_gateway": look_detach,
    "release_address": look_release,
}


def after_termination(owner: type[Any]) -> None:
    """With an instance go its interfaces, and its addresses are free (Amazon EC2 User Guide, Terminate instances).

    At AWS the interfaces stay for a while; here too, with LINGER_S.
    """
    original = owner.terminate_instances

    @functools.wraps(original)
    def terminate(self: Any, instance_ids: list[str]) -> Any:
        answer = original(self, instance_ids)
        for instance, _before in answer:
            for address in self.addresses:
                if address.instance and address.instance.id == instance.id:
                    self.disassociate_address(association_id=address.association_id)
            if LINGER_S:
                timer = threading.Timer(LINGER_S, forget, (self, instance.id))
                timer.daemon = True
                timer.start()
            else:
                forget(self, instance.id)
        return answer

    owner.terminate_instances = terminate


def forget(backend: Any, instance: str) -> None:
    """Remove the interfaces of an instance."""
    for one in interfaces(backend):
        if one.instance and one.instance.id == instance:
            one.subnet.del_subnet_ip(one.private_ip_address)
            backend.enis.pop(one.id, None)
