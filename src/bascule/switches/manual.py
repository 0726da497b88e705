# SPDX-License-Identifier: Apache-2.0
"""A person is told what to do, and the observers are waited for."""

from __future__ import annotations

from collections.abc import Mapping

from bascule import policy
from bascule.plan import Json, Part
from bascule.switches import Switch


def _entry(written: policy.ManualSwitch) -> Json:
    return {"kind": "manual", "say": written.say, "limit_s": written.limit_s}


def _names(written: policy.ManualSwitch) -> Mapping[str, str]:
    return {}


def _fqdn(written: policy.ManualSwitch, name: str) -> str:
    return name


def _parts(entry: Json) -> tuple[Part, ...]:
    # Nobody knows how long the person takes; the limit is what the policy allows.
    return (Part("person", entry["limit_s"], "declared"),)


KIND = Switch(_entry, _names, _fqdn, _parts)
