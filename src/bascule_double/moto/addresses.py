# SPDX-License-Identifier: Apache-2.0
"""Addresses of instances.

A private one that cannot be had: moto fails with a traceback, AWS answers. Public ones: moto takes them from where
strangers are (54.214.0.0/16), and from 127.0.0.0/8; here they come from the range that is kept for measurements
(RFC 2544), so that a test which goes astray reaches nobody.
"""

from __future__ import annotations

import ipaddress
import random
from typing import Any

from bascule_double.moto.order import before, refuse

# The first four and the last address of a subnet are AWS's own (Amazon VPC User Guide, Subnet sizing).
FIRST = 4
NOBODY = ipaddress.IPv4Network("198.18.0.0/15")


def cure() -> None:
    """Look at an address before moto gives it; give public ones that are nobody's."""
    from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces
    from moto.ec2.models.subnets import Subnet

    before(Subnet, "request_ip", look)
    vars(elastic_ip_addresses)["random_ip"] = public_address
    vars(elastic_network_interfaces)["random_public_ip"] = public_address


def public_address() -> str:
    """A public address, of those that are nobody's."""
    return str(NOBODY[random.randrange(1, NOBODY.num_addresses - 1)])


def look(subnet: Any, ip: str, instance: Any) -> None:
    """Outside the subnet, AWS's own, or taken."""
    wanted = ipaddress.IPv4Address(ip)
    if wanted not in subnet.cidr:
        refuse("InvalidParameterValue", f"Address {ip} does not fall within the subnet's address range")
    elif wanted < subnet.cidr.network_address + FIRST or wanted == subnet.cidr.broadcast_address:
        refuse("InvalidParameterValue", f"Address {ip} is in subnet's reserved address range")
    elif ip in subnet._subnet_ips:
        refuse("InvalidIPAddress.InUse", f"Address {ip} is in use.")
