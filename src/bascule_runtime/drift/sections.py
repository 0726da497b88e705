# SPDX-License-Identifier: Apache-2.0
"""The table of comparisons: a section of the facts that machines tell, and the function that compares two of them.

A new thing to compare is one function and one line here, one collector on machines, its kinds and their words.
"""

from __future__ import annotations

from typing import Iterator, Mapping

from bascule_runtime.drift import dates, host, postgresql, service
from bascule_runtime.drift.finding import About, Comparison, Facts, Found

SECTIONS: Mapping[str, Comparison] = {
    "host": host.host,
    "tools": host.tools,
    "owners": host.owners,
    "postgresql": postgresql.compare,
    "units": service.units,
    "packages": service.packages,
    "configuration": service.configuration,
    "certificates": dates.certificates,
    "shown": dates.certificates,
}


def compare(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """All differences between the facts of the machine that serves and those of the one that would take over."""
    for name, comparison in SECTIONS.items():
        if name in here and name in there:
            yield from comparison(here[name], there[name], about)
    for side, facts in ((about.source, here), (about.target, there)):
        for name, why in sorted((facts.get("unread") or {}).items()):
            yield "not_compared", {"section": name, "machine": side, "why": why}
