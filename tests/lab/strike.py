# SPDX-License-Identifier: Apache-2.0
"""Strikes at a moment of a run that its journal shows: a machine is paused, the run is killed, a link is cut."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bascule_lab.demo.rehearsal import runs

from .cycle import Cycle

Event = dict[str, Any]
EVERY_S = 0.05


@contextmanager
def at(
    firm: Cycle, moment: Callable[[Event], bool], act: Callable[[Event], object], limit_s: float = 60
) -> Iterator[None]:
    """While drivers run: `act(the run's first event)`, once, as soon as a journal has an event that `moment` knows.

    Fails at the end when the moment never came: the test would have shown nothing. `act` may take `limit_s` seconds.
    """
    before, over, struck = runs(firm.rehearsal.build), threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def live() -> None:
        while not over.wait(EVERY_S):
            for folder in runs(firm.rehearsal.build) - before:
                events = written(folder / "journal.jsonl")
                if any(moment(event) for event in events):
                    struck.set()
                    try:
                        act(events[0])
                    except BaseException as error:  # told by the test's own thread
                        failed.append(error)
                    return

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(limit_s)
    assert struck.is_set(), "the moment to strike never came"
    assert not failed, failed


def written(journal: Path) -> list[Event]:
    """The events of a journal that is being written."""
    try:
        lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def settled(event: Event) -> bool:
    """The guard has seen the machines: from now on the run works with them."""
    return event["event"] == "guard" and "serving" in event


def phase(name: str) -> Callable[[Event], bool]:
    """A part of the run begins: the time line's name of it (`fence`, `recover`, `protect` …)."""
    return lambda event: event["event"] == "phase" and event["phase"] == name


def ended(unit: str) -> Callable[[Event], bool]:
    """A unit serves from now on: what needs it begins."""
    return lambda event: event["event"] == "unit" and event.get("unit") == unit and event["stage"] == "serve"
