# SPDX-License-Identifier: Apache-2.0
"""The solver's choice against trying everything, and what must hold of every firm."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from firms import brute, dearer, firm, tighter

from bascule.choice.problem import Group, Item, Option, Problem, Stop, System
from bascule.choice.program import cheapest

pytestmark = pytest.mark.slow

FIRMS = 500


def test_trying_everything_agrees_on_five_hundred_firms() -> None:
    kept = 0
    for seed in range(FIRMS):
        problem = firm(Random(seed), systems=None if seed % 10 else 4)
        best, found = brute(problem), cheapest(problem)
        if best is None:
            assert found is None, seed
            continue
        assert found is not None, seed
        assert found.worth.total == pytest.approx(best.total, abs=1e-4), seed
        assert not found.worth.late, seed
        assert found.gap < 1e-6, seed
        kept += 1
    assert FIRMS / 4 < kept < FIRMS, "firms of both kinds were tried"


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert cheapest(firm(Random(1))) is not None
    assert capfd.readouterr() == ("", "")


def test_large_groups_are_chosen_for_as_small_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = 0
    for seed in range(150):
        problem = firm(Random(seed))
        ways = cheapest(problem)
        with monkeypatch.context() as patched:
            patched.setattr("bascule.choice.designs.MOST", 0)
            chains = cheapest(problem)
        assert (ways is None) == (chains is None), seed
        if ways and chains:
            assert chains.worth.total == pytest.approx(ways.worth.total, abs=1e-3), seed
            kept += 1
    assert kept > 50


def test_a_tighter_target_is_never_cheaper() -> None:
    dearer_ones = 0
    for seed in range(100):
        problem = replace(firm(Random(seed)), budget=None)
        loose, tight = cheapest(problem), cheapest(tighter(problem, 0.4))
        if loose is None:
            assert tight is None, seed
        elif tight is not None:
            assert tight.worth.total >= loose.worth.total - 1e-6, seed
            dearer_ones += tight.worth.total > loose.worth.total + 1
    assert dearer_ones > 5


def test_a_dearer_hour_never_gives_a_slower_choice() -> None:
    quicker = 0
    for seed in range(100):
        problem = replace(firm(Random(seed)), budget=None)
        cheap, dear = cheapest(problem), cheapest(dearer(problem, 5))
        if cheap is None or dear is None:
            continue
        # What its stops would have cost before is no more, and what is spent against them no less.
        assert dear.worth.expected / 5 <= cheap.worth.expected + 1e-6, seed
        assert dear.worth.outlay >= cheap.worth.outlay - 1e-6, seed
        quicker += dear.worth.expected / 5 < cheap.worth.expected - 1
    assert quicker > 5


def test_another_option_never_makes_it_dearer() -> None:
    cheaper = 0
    for seed in range(100):
        problem = firm(Random(seed))
        poorer = {name: replace(system, options=system.options[:-1]) for name, system in problem.systems.items()}
        before, after = cheapest(replace(problem, systems=poorer)), cheapest(problem)
        if before is not None:
            assert after is not None, seed
            assert after.worth.total <= before.worth.total + 1e-6, seed
            cheaper += after.worth.total < before.worth.total - 1
    assert cheaper > 5


def test_the_runner_up_is_the_second_best() -> None:
    for seed in range(60):
        problem = firm(Random(seed), systems=2)
        first = cheapest(problem)
        second = first and cheapest(problem, but=first.options)
        if first is None or second is None:
            continue
        assert second.options != first.options, seed
        assert second.worth.total >= first.worth.total - 1e-6, seed


def test_a_host_is_paid_for_once() -> None:
    quick = Option("warm", 10, ("host",), (0,), (60,), (0,))
    slow = Option("restore", 0, (), (0,), (7200,), (0,))
    stop = Stop(0, 3600, ((0.0, 0.0), (3600.0, 0.0)))
    systems = {name: System((slow, quick)) for name in ("one", "two")}
    groups = {name: Group((name,), (stop,)) for name in systems}
    found = cheapest(Problem(systems, groups, {"host": Item(500)}))
    assert found is not None
    assert found.worth.outlay == 520
