# SPDX-License-Identifier: Apache-2.0
"""The part of a report in text that tells of a site in a cloud."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from bascule_runtime.cloud import thing
from bascule_runtime.lines import duration, moment, paragraph, table

Report = Mapping[str, Any]
Say = Callable[[str], str]


def part(report: Report, say: Say, _language: str) -> list[str]:
    """What was shown, built or destroyed there, the first contacts, what the account says; nothing when nothing was."""
    told = report["cloud"]
    lines = [*_actions(told, say), *_contacts(told, say), *_account(told, say), *_absent(told, say)]
    return ["", f"{say('cloud')}:", *lines] if lines else []


def counts(action: Mapping[str, Any], say: Say) -> str:
    """How many things an action made, changed, replaced, destroyed and left as they were."""
    known = [(name, number) for name, number in sorted(action["counts"].items()) if number]
    shown = [f"{number} {say(f'op.{name}') if name in OPERATIONS else name}" for name, number in known]
    return ", ".join(shown) or "–"


OPERATIONS = frozenset({"create", "update", "replace", "delete", "same", "read"})


def _actions(told: Mapping[str, Any], say: Say) -> list[str]:
    rows = [[say("action"), say("phase"), say("result"), say("page.took"), say("counts")]]
    for action in told["actions"]:
        name = say(f"action.{action['action']}") + (f" ({action['drill']})" if action["drill"] else "")
        rows.append([name, action["phase"] or "–", say(action["word"]), duration(action["seconds"]),
                     counts(action, say)])
    lines = table(rows) if told["actions"] else []
    for action in told["actions"]:
        lines += paragraph(action["msg"]) if action["msg"] else []
    doubles = list(dict.fromkeys(action["provider"] for action in told["actions"] if action["simulated"]))
    return lines + [line for provider in doubles for line in paragraph(f"{say('simulated')}: {provider}")]


def _contacts(told: Mapping[str, Any], say: Say) -> list[str]:
    return [line for entry in told["contacts"] for line in paragraph(
        f"{say('first_contact')}: {entry['machine']} ({entry['address']}, {entry['instance']}) {entry['key']}")]


def _account(told: Mapping[str, Any], say: Say) -> list[str]:
    found = told["account"]
    if not found:
        return []
    word = f" ({say('simulated')})" if found["simulated"] else ""
    lines = paragraph(f"{say('account')} {found['account'] or '–'}{word}: " + _said(found, say))
    lines += [line for entry in found["things"] for line in paragraph(thing(entry), "    ")]
    lines += [line for entry in found["going"] for line in paragraph(
        f"{entry['kind']} {entry['id']}: {say('goes_at')} {entry['goes_at']}", "    ")]
    lines += [line for sentence in (*found["problems"], *found["unknown"]) for line in paragraph(sentence, "    ")]
    if found["saved_at"]:
        lines += paragraph(f"{say('saved_at')}: {moment(found['saved_at'])}")
    return lines


def _said(found: Mapping[str, Any], say: Say) -> str:
    if found["action"] == "status":
        processors = found["processors"] or {}
        free = processors.get("free")
        return f"{say('processors')}: {say('unknown') if free is None else f'{free:g}'}"
    if not found["things"]:
        return say("nothing_left")
    return f"{say('left')}: {len(found['things'])}, {found['a_day']:.2f} USD {say('a_day')} ({found['prices']})"


def _absent(told: Mapping[str, Any], say: Say) -> list[str]:
    return paragraph(f"{say('not_there')}: {', '.join(told['absent'])}") if told["absent"] else []
