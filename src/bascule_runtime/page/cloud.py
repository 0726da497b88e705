# SPDX-License-Identifier: Apache-2.0
"""What a run did at a provider of clouds: a table of actions, first contacts, and what is left in the account."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.cloud_text import counts
from bascule_runtime.page.parts import done, section, table, verdict
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]


def cloud(say: Speech, report: Report) -> list[Optional[Element]]:
    """The section; nothing for a policy of which nothing is built."""
    told = report.get("cloud")
    if not told:
        return []
    parts = [_actions(say, told), *_messages(say, told), _contacts(say, told), *_account(say, told)]
    kept = [part for part in parts if part is not None]
    return [section(say, "cloud", element("p", say.word("page.cloud_told"), class_="quiet"), kept)] if kept else []


def _actions(say: Speech, told: Mapping[str, Any]) -> Optional[Element]:
    rows: list[list[Node]] = []
    for action in told["actions"]:
        drill = f" ({action['drill']})" if action["drill"] else ""
        rows.append([[say.word(f"action.{action['action']}"), data(drill)], data(action["phase"] or "–"),
                     _word(say, action), say.duration(action["seconds"]), counts(action, say.word)])
    head = [say.word(key) for key in ("action", "phase", "result", "page.took", "counts")]
    return table(say.word("cloud"), head, rows, class_="stack dense") if rows else None


def _word(say: Speech, action: Mapping[str, Any]) -> Element:
    """Simulated is never good, whatever it came to."""
    return verdict(say, "simulated", "open") if action["word"] == "simulated" else done(say, str(action["word"]))


def _messages(say: Speech, told: Mapping[str, Any]) -> list[Element]:
    said = [action["msg"] for action in told["actions"] if action["msg"]]
    said += [action["provider"] for action in told["actions"] if action["simulated"]]
    return [element("p", say.english(sentence), class_="note") for sentence in dict.fromkeys(said)]


def _contacts(say: Speech, told: Mapping[str, Any]) -> Optional[Element]:
    rows: list[list[Node]] = [[data(entry["machine"]), data(entry["address"]), data(entry["instance"]),
                               data(entry["key"])] for entry in told["contacts"]]
    head = [say.word(key) for key in ("page.machine", "page.identity", "page.instance", "page.key")]
    return table(say.word("first_contact"), head, rows, class_="stack dense") if rows else None


def _account(say: Speech, told: Mapping[str, Any]) -> list[Element]:
    found = told["account"]
    if not found:
        return []
    parts: list[Element] = []
    entries = [*found["things"], *found["going"]]
    rows: list[list[Node]] = [[data(entry["kind"]), data(f"{entry['id']} {entry.get('name') or ''}".strip()),
                               _cost(say, entry), _why(say, entry)] for entry in entries]
    if rows:
        head = [say.word(key) for key in ("page.thing", "page.identity", "page.cost", "page.why")]
        parts.append(table(say.word("page.cloud_left"), head, rows, class_="stack dense"))
    elif found["action"] != "status":
        word = f" ({say.word('simulated')})" if found["simulated"] else ""
        parts.append(element("p", say.word("account"), " ", data(found["account"] or "–"), word, ": ",
                             say.word("nothing_left")))
    return parts + [element("p", say.english(text), class_="note") for text in (*found["problems"], *found["unknown"])]


def _cost(say: Speech, entry: Mapping[str, Any]) -> Node:
    price = entry.get("a_day")
    return say.word("unknown") if price is None else f"{price:.2f} USD"


def _why(say: Speech, entry: Mapping[str, Any]) -> Node:
    if entry.get("goes_at"):
        return [say.word("goes_at"), " ", data(entry["goes_at"])]
    if entry.get("locked_until"):
        return data(entry["locked_until"])
    return say.english(entry["why"]) if entry.get("why") else "–"
