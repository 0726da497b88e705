# SPDX-License-Identifier: Apache-2.0
"""Who decided what, and why, in their own words; whose activities these are."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import activity_names, facts, section, table
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]


def decisions(say: Speech, report: Report) -> list[Optional[Element]]:
    """What was declared, accepted and chosen, and by whom; then the roles of the policy."""
    return [section(say, "decisions", facts(_decided(say, report)), _notes(say, report), _roles(say, report))]


def _decided(say: Speech, report: Report) -> list[tuple[Node, Node]]:
    run, people = report["run"], report["people"]
    who: Node = say.sentence("page.who_where", user=data(people["user"]), controller=data(people["controller"])) \
        if people["user"] else say.word("unknown")
    pairs: list[tuple[Node, Node]] = [(say.word("page.who"), who)]
    quoted = [(key, run[key]) for key in ("declared", "unfenced") if run.get(key)]
    pairs += [(say.word(key), element("q", data(told))) for key, told in quoted]
    acts = run["driver"] in ("activate", "failback")
    if acts and not run.get("unfenced") and not run["check"]:
        pairs.append((say.word("unfenced"), say.word("page.nothing_accepted")))
    if run.get("scenario") and acts:
        mode = f"mode.{run['scenario'].get('mode')}"
        pairs.append((say.word("page.scenario"), [data(run["scenario"].get("name")), " – ", say.word(mode)]
                      if say.known(mode) else data(run["scenario"].get("name"))))
    if acts:
        point = data(run["point"]) if run.get("point") else say.word("page.newest_points")
        pairs.append((say.word("page.point"), point))
    if run.get("since"):
        pairs.append((say.word("page.since"), say.moment(run["since"])))
    for key in ("takeover", "restart"):
        if run.get(key):
            pairs.append((say.word(f"page.{key}"), data(run[key])))
    if people["may_declare"]:
        pairs.append((say.word("page.may_declare"), data(", ".join(people["may_declare"]))))
    return pairs


def _notes(say: Speech, report: Report) -> Optional[Node]:
    if not report["notes"]:
        return None
    return [element("h3", say.word("notes")), element("ul", [element("li", data(text)) for text in report["notes"]])]


def _roles(say: Speech, report: Report) -> Optional[Element]:
    names = activity_names(say, report)
    rows = [[data(say.named({"id": role["id"], "name": role["name"]})), data(role["deputy"] or "–"),
             say.listed([data(names.get(name, name)) for name in role["owns"]]) or "–"]
            for role in report["people"]["roles"] if role["owns"] or role["deputy"]]
    if not rows:
        return None
    return table(say.word("page.roles"), [say.word("page.role"), say.word("page.deputy"), say.word("page.owns")], rows)
