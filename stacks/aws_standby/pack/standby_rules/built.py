# SPDX-License-Identifier: Apache-2.0
"""A resource among the others of its stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BUCKET = "aws:s3/bucket:Bucket"


@dataclass(frozen=True)
class Built:
    """``uses``: property → URNs of the resources that it comes from."""

    type: str
    urn: str
    uses: Mapping[str, Sequence[str]]


def buckets_without(resources: Sequence[Built], companion: str) -> Iterable[str]:
    """Yield the URN of each bucket that no resource of the type ``companion`` speaks of in its `bucket`."""
    served = {urn for one in resources if one.type == companion for urn in one.uses.get("bucket", ())}
    yield from (one.urn for one in resources if one.type == BUCKET and one.urn not in served)
