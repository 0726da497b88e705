# SPDX-License-Identifier: Apache-2.0
"""Users are sent by a dynamic update of a zone."""

from __future__ import annotations

from collections.abc import Mapping

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Part
from bascule.switches import Switch


def _entry(written: policy.DnsSwitch) -> Json:
    return {
        "kind": "dns",
        "server": written.server,
        "port": written.port,
        "zone": written.zone,
        "key": {"secret": written.key},
        "ttl_s": written.ttl_s,
    }


def _names(written: policy.DnsSwitch) -> Mapping[str, str]:
    return written.names


def _fqdn(written: policy.DnsSwitch, name: str) -> str:
    return f"{name}.{written.zone}"


def _parts(entry: Json) -> tuple[Part, ...]:
    return (Part("update", SECONDS["update_name"], "default"), Part("ttl", entry["ttl_s"], "declared"))


KIND = Switch(_entry, _names, _fqdn, _parts)
