# SPDX-License-Identifier: Apache-2.0
"""`python -m bench [NAME…]`: run the benches, print one table, write one JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

from bench import BENCHES, page
from bench.frame import Bench, Figure, table

ROOT = Path(__file__).parents[1]


def chosen(names: list[str]) -> list[Bench]:
    """The benches of these names; all of them when none is named. Raises SystemExit for a name that is not there."""
    strange = sorted(set(names) - set(BENCHES))
    if strange:
        raise SystemExit(f"There is no bench {', '.join(strange)}. There are: {', '.join(BENCHES)}.")
    return [BENCHES[name] for name in names or BENCHES]


def possible(bench: Bench) -> bool:
    """Whether this computer has what the bench needs."""
    return bench.needs != "lab" or (sys.platform == "linux" and os.geteuid() == 0)


def say(text: str) -> None:
    """A line for a person who waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Entry: exit code 0 when every bench could be run, 1 otherwise; a target that is missed changes nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benches; without, all that this computer can")
    parser.add_argument("--runs", type=int, help="how often each is run, in place of its own number")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where figures are written")
    parser.add_argument("--page", type=Path, help="a page of Markdown whose sections of these benches are written anew")
    parser.add_argument("--list", action="store_true", help="say what there is, and how long it takes")
    given = parser.parse_args(arguments)
    benches = chosen(given.names)
    if given.list:
        for bench in benches:
            print(f"{bench.name:12} {bench.minutes:5.1f} min  {bench.what}")
        return 0
    rows: list[tuple[Bench, Figure]] = []
    left_out, began = [], time.time()
    for bench in benches:
        if not possible(bench):
            left_out.append(bench.name)
            say(f"{bench.name} is left out: it needs root on Linux, for the lab")
            continue
        say(f"{bench.name}: {bench.what}; about {bench.minutes:g} min")
        rows += [(bench, figure) for figure in bench.measure(given.runs or bench.runs, say)]
    print(table(rows))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result(rows, left_out, began), indent=1) + "\n", encoding="utf-8")
    print(f"\nWritten to {given.json}")
    if given.page:
        page.write(given.page, rows, measured_on(), BENCHES)
        print(f"Written to {given.page}")
    return 1 if given.names and left_out else 0


def measured_on() -> str:
    """The computer, as far as figures depend on it."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), {memory_gib:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d', time.gmtime())}"
    )


def result(rows: list[tuple[Bench, Figure]], left_out: list[str], began: float) -> dict[str, object]:
    """All figures as data, with what they were taken on."""
    there = {"python": platform.python_version(), "processors": os.cpu_count(), "system": platform.platform(),
             "load_before": os.getloadavg()[0]}  # fmt: skip
    figures = [{"bench": bench.name, **figure.data()} for bench, figure in rows]
    return {"began": began, "seconds": round(time.time() - began, 1), "on": there, "left_out": left_out,
            "figures": figures}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
