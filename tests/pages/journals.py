# SPDX-License-Identifier: Apache-2.0
"""Journals for pages: a stored one of a real run, and others made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bascule_runtime import page, report, trail
from bascule_runtime.events import Run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STORED = next((HERE / "atelier/runs").iterdir())
LANGUAGES = ("en", "fr")
NASTY = {
    "script": "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">",
    "quotes": "\"' onclick='x' <b>&amp; ]]> --> </style></script>",
    "template": "{{ lookup('pipe', 'id') }} $(id) `id` {n} {time}",
    "direction": "\u202egnp.exe \u2067abc\u200f",
    "long": "x" * 400,
    "signs": "🔥 déjà vu 漢字 \x00\x1b[31m\x7f\ud800",
}


def stored() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The plan and the events of the stored run."""
    plan = json.loads((STORED.parents[1] / "plan.json").read_text(encoding="utf-8"))
    lines = (STORED / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return plan, [json.loads(line) for line in lines]


def built(plan: dict[str, Any], events: Sequence[dict[str, Any]], language: str | None = None) -> str:
    """The page of these events."""
    return page.render(report.compute(plan, events), trail.events(Run(plan, events)), language)


def unpacked(node: Any, change: Any) -> Any:
    """`node` with every string that a person wrote replaced by what `change` makes of it."""
    if isinstance(node, dict):
        return {key: unpacked(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [unpacked(value, change) for value in node]
    return change(node) if isinstance(node, str) else node


def nasty(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The stored run, with `text` wherever a person or a machine of the firm had a word to say."""
    plan, events = stored()
    plan["policy"]["name"] = {"fr": text, "en": text}
    for activity in plan["activities"].values():
        activity.update(name={"fr": text, "en": text}, owner=text)
    plan["firm"]["roles"] = {text: {"id": text, "name": {"fr": text}, "deputy": text, "may": ["declare"]}}
    for event in events:
        if event["event"] == "guard":
            event.update(declared=text, unfenced=text, point=text, takeover=text, restart=text)
            event["scenario"]["name"] = text
        if event["event"] == "run_started":
            event.update(user=text, controller=text)
        if event["event"] == "task":
            event["name"] = text
            event["evidence"] = unpacked(event.get("evidence"), lambda old: text if " " in old else old)
    events.insert(-1, {**events[-1], "event": "note", "text": text})
    return plan, events


def many(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A firm of `count` activities, each with its own system, whose run is the stored one's, again and again."""
    plan, events = stored()
    activity, system, group = plan["activities"]["orders"], plan["systems"]["erp-db"], plan["groups"]["orders"]
    for part in ("activities", "systems", "groups"):
        plan[part] = {}
    plan["units"], made = [], []
    own = [e for e in events if e.get("unit") in ("system.erp-db", "switch.orders", "activity.orders")]
    for number in range(count):
        a, s = f"a{number:03}", f"s{number:03}"
        plan["activities"][a] = {**activity, "id": a, "name": {"en": f"Activity {number}"}, "systems": [s], "group": a}
        plan["systems"][s] = {**system, "id": s, "group": a}
        plan["groups"][a] = {**group, "id": a, "activities": [a], "systems": [s]}
        new = {"system.erp-db": f"system.{s}", "switch.orders": f"switch.{a}", "activity.orders": f"activity.{a}"}
        plan["units"] += [
            {"id": f"system.{s}", "kind": "system", "subject": s, "after": []},
            {"id": f"switch.{a}", "kind": "switch", "subject": a, "after": [f"system.{s}"]},
            {"id": f"activity.{a}", "kind": "activity", "subject": a, "after": [f"switch.{a}"]},
        ]
        made += [{**event, "unit": new[event["unit"]]} for event in own]
    scope = {
        "units": [u["id"] for u in plan["units"]],
        "activities": [*plan["activities"]],
        "groups": [*plan["groups"]],
    }
    rest = [{**e, "scope": scope} if e["event"] == "guard" else e for e in events if not e.get("unit")]
    return plan, sorted([*rest, *made], key=lambda event: float(event["t"]))
