# SPDX-License-Identifier: Apache-2.0
"""What an auditor needs to match the page with its sources: digests, versions, and the report as data."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional

from bascule_runtime.page.parts import facts, section
from bascule_runtime.page.speech import Speech
from bascule_runtime.page.tree import Element, Node, data, element

Report = Mapping[str, Any]


def proof(say: Speech, report: Report) -> list[Optional[Element]]:
    """The section, with the report itself as a block of data that no browser runs."""
    sources, tools = report["sources"], report["tools"]
    pairs: list[tuple[Node, Node]] = [(say.word("page.run_id"), element("code", data(report["run"].get("id") or "–")))]
    files = (("journal", "journal.jsonl"), ("plan", "plan.json"), ("manifest", "MANIFEST.sha256"))
    pairs += [([element("code", name), " (sha256)"], element("code", sources[key])) for key, name in files
              if sources.get(key)]
    if sources.get("events") is not None:
        pairs.append((say.word("page.lines"), str(sources["events"])))
    pairs.append((say.word("page.policy"), element("code", data(report["policy"]), " ", data(report["digest"]))))
    pairs += [(label, data(tools[key])) for key, label in (("bascule", "Bascule"), ("ansible", "ansible-core"),
                                                           ("python", "Python")) if tools.get(key)]
    pairs.append((say.word("page.zone"), say.zone_name))
    told = element("p", say.word("page.proof_told"), class_="quiet")
    return [section(say, "proof", told, facts(pairs), _data(report))]


def _data(report: Report) -> Element:
    # The signs that could end the element are written as JSON writes any sign.
    text = json.dumps(report, ensure_ascii=True, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", text, type="application/json", id="report")
