# SPDX-License-Identifier: Apache-2.0
"""Users are sent by a zone of Route 53."""

from __future__ import annotations

from collections.abc import Mapping

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Part
from bascule.switches import Switch


def _entry(written: policy.Route53Switch) -> Json:
    return {"kind": "route53", "zone": written.zone, "zone_id": written.zone_id, "ttl_s": written.ttl_s}


def _names(written: policy.Route53Switch) -> Mapping[str, str]:
    return written.names


def _fqdn(written: policy.Route53Switch, name: str) -> str:
    return f"{name}.{written.zone}"


def _parts(entry: Json) -> tuple[Part, ...]:
    return (Part("update", SECONDS["update_route53"], "default"), Part("ttl", entry["ttl_s"], "declared"))


KIND = Switch(_entry, _names, _fqdn, _parts)
