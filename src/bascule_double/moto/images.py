# SPDX-License-Identifier: Apache-2.0
"""The public images that accounts find: Debian's and Ubuntu's, under the accounts and names that they have at AWS.

moto brings images of 2017 and none of Debian. Debian's account is said on https://wiki.debian.org/Cloud/AmazonEC2Image,
Canonical's on https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

DEBIAN, CANONICAL = "136693071363", "099720109477"
# Owner, name, day. Two of each, so that the newest must be asked for.
IMAGES = (
    (DEBIAN, "debian-12-amd64-20250316-2053", "2025-03-16"),
    (DEBIAN, "debian-12-amd64-20250814-2204", "2025-08-14"),
    (DEBIAN, "debian-13-amd64-20250814-2204", "2025-08-14"),
    (DEBIAN, "debian-13-amd64-20251006-2257", "2025-10-06"),
    (CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20250305", "2025-03-05"),
    (CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20250822", "2025-08-22"),
    (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250305", "2025-03-05"),
    (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250821", "2025-08-21"),
)


def cure() -> None:
    """Put these images where moto has its own."""
    from moto.ec2.models import amis

    amis.AMIS[:] = [image(*about) for about in IMAGES]


def image(owner: str, name: str, day: str) -> dict[str, Any]:
    """An image as moto loads it. Its id follows from its name."""
    return {
        "ami_id": f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}",
        "name": name,
        "description": name,
        "owner_id": owner,
        "creation_date": dt.datetime.fromisoformat(f"{day}T00:00:00"),
        "public": True,
        "state": "available",
        "image_type": "machine",
        "image_location": f"{owner}/{name}",
        "architecture": "x86_64",
        "hypervisor": "xen",
        "virtualization_type": "hvm",
        "root_device_type": "ebs",
        "root_device_name": "/dev/xvda" if owner == DEBIAN else "/dev/sda1",
        "sriov": "simple",
    }
