# SPDX-License-Identifier: Apache-2.0
"""What AWS has, as far as a policy may name it: sizes of machines, images, regions, the letters of zones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from bascule.plan_cloud import Image

SIZES = {"small": "t3.small", "medium": "t3.medium", "large": "t3.large"}

_BURSTING = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")
_STEADY = ("large", "xlarge", "2xlarge", "4xlarge")
# Those whose prices the stack's rules know. The images below are for their processors; an ARM machine (t4g, m7g and so
# on) would not start them.
_FAMILIES = {
    **dict.fromkeys(("t3", "t3a"), _BURSTING),
    **dict.fromkeys(("m5", "m6i", "m7i", "c5", "c6i", "r5", "r6i"), _STEADY),
}
TYPES = frozenset(f"{family}.{size}" for family, sizes in _FAMILIES.items() for size in sizes)

IMAGE = "debian-12"
_DEBIAN, _CANONICAL = "136693071363", "099720109477"
IMAGES = {
    "debian-12": Image(None, _DEBIAN, "debian-12-amd64-*"),
    "debian-13": Image(None, _DEBIAN, "debian-13-amd64-*"),
    "ubuntu-22.04": Image(None, _CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"),
    "ubuntu-24.04": Image(None, _CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"),
}

REGIONS = frozenset(
    f"{area}-{number}"
    for area, numbers in {
        "af-south": "1",
        "ap-east": "12",
        "ap-northeast": "123",
        "ap-south": "12",
        "ap-southeast": "1234567",
        "ca-central": "1",
        "ca-west": "1",
        "eu-central": "12",
        "eu-north": "1",
        "eu-south": "12",
        "eu-west": "123",
        "il-central": "1",
        "me-central": "1",
        "me-south": "1",
        "mx-central": "1",
        "sa-east": "1",
        "us-east": "12",
        "us-west": "12",
    }.items()
    for number in numbers
)
# Regions whose second zone is closed to new accounts.
_ZONES = {"ap-northeast-1": ("a", "c")}

# A bucket has at most 63 characters, of which the stack needs these for its own part of the name.
LONGEST_POLICY_ID = 63 - len("bascule--copies-") - 7
SMALLEST_DISK_GIB, LARGEST_DISK_GIB = 8, 16384


def instance_type(size: str) -> str | None:
    """Given a size as written, return the type of instance, None when nobody knows it."""
    return SIZES.get(size, size if size in TYPES else None)


def image(name: str) -> Image | None:
    """Given an image as written, return how it is found, None when nobody knows it."""
    if re.fullmatch(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", name):
        return Image(name, None, None)
    return IMAGES.get(name)


def zones(region: str) -> tuple[str, str]:
    """Given a region, return the names of two of its zones."""
    first, second = _ZONES.get(region, ("a", "b"))
    return region + first, region + second


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Given a word and those that are known, return the known one that is most like it, None when none is."""
    return next(iter(get_close_matches(word.lower(), sorted(known), 1, 0.5)), None)
