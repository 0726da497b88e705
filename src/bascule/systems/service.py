# SPDX-License-Identifier: Apache-2.0
"""systemd units that answer, with the state that they keep, if any."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bascule import policy
from bascule.assumptions import SECONDS
from bascule.plan import Json, Part
from bascule.systems import SystemType


def _settings(written: policy.Policy, system: policy.System) -> Json:
    said = system.settings
    state = said.get("state", "none")
    return {
        "units": list(said["units"]),
        "role": (said.get("configure") or {}).get("role"),
        "state": [] if state == "none" else list(state),
        "answers": answers(said.get("answers") or {}),
        **{word: list(said.get(word) or []) for word in ("packages", "configuration", "certificates")},
    }


def answers(written: Json) -> Json | None:
    """Given what is written under ``answers``, return how one sees that the system answers, None where nothing is."""
    defaults: dict[str, dict[str, Any]] = {"http": {"path": "/", "expect": 200}, "tcp": {}}
    for kind, assumed in defaults.items():
        if kind in written:
            return {"kind": kind, **assumed, **written[kind]}
    return None


def _keeps(settings: Json) -> bool:
    return bool(settings["state"])


def _start(settings: Json) -> tuple[Part, ...]:
    return (Part("start", SECONDS["start_service"], "default"),)


def _ports(settings: Json, taken: Collection[int]) -> tuple[int, ...]:
    # Two sites of one web server share its port.
    return (settings["answers"]["port"],) if settings["answers"] else ()


TYPE = SystemType(_settings, _keeps, _start, _ports, configured=True)
