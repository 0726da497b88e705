# SPDX-License-Identifier: Apache-2.0
"""Build what things stand on, from a source whose shape is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bascule import policy as p
from bascule.values import duration_s, speed_bytes_per_s

Json = Mapping[str, Any]


def reaches(data: Any) -> tuple[p.Reach, ...]:
    """Given one thing that is touched or needed, or a list of them, return them."""
    listed = data if isinstance(data, list) else [data]
    return tuple(p.Reach(*next(iter(item.items()))) for item in listed)


def stands(data: Json) -> p.Stands:
    """Given something that has ``needs`` and ``needs_any``, return them; without the systems that stand there by id."""
    others = [item for item in data.get("needs", ()) if not isinstance(item, str) and "system" not in item]
    groups = (p.Enough(any_.get("at_least", 1), reaches(any_["of"])) for any_ in data.get("needs_any", ()))
    return p.Stands(reaches(others), tuple(groups))


def systems(needs: Iterable[Any]) -> tuple[str, ...]:
    """Given the ``needs`` of a system or an activity, return the systems among them."""
    named = (item if isinstance(item, str) else item.get("system") for item in needs)
    return tuple(dict.fromkeys(id_ for id_ in named if id_))


def secret(key: str, data: Json) -> p.Secret:
    """Given where a secret is kept and who holds it, return it."""
    kind = next(word for word in ("file", "env", "vault") if word in data)
    return p.Secret(key, kind, data[kind], tuple(data.get("held_by", ())))


def resource(key: str, names: Mapping[str, str] | None, data: Json) -> p.Resource:
    """Given a resource and its names, return it; a line carries as much back as there, where nothing else is said."""
    line = None
    if "speed" in data:
        there = speed_bytes_per_s(data["speed"])
        back = speed_bytes_per_s(data["back"]) if "back" in data else there
        line = p.Line(data["from"], data["to"], there, back)
    return p.Resource(key, names, data["kind"], data.get("at"), stands(data), line)


def response(data: Json) -> p.Response:
    """Given how long it takes until somebody reacts, return it."""
    seconds = {word: duration_s(data[word]) if word in data else None for word in ("notice", "decide")}
    return p.Response(seconds["notice"], seconds["decide"])
