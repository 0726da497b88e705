# SPDX-License-Identifier: Apache-2.0
"""What must hold of every firm: the analysis against brute force, and in which direction an answer moves."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.analysis.copies import Window, worst_loss_s
from bascule.analysis.cutsets import cut_sets
from bascule.analysis.deadlines import deadlines
from bascule.analysis.equivalence import Equivalence
from bascule.analysis.impact import Point
from bascule.analysis.nodes import AnyOf, Graph, Node
from bascule.analysis.stakes import Fallback, Stakes
from bascule.analysis.structure import stopped
from bascule.analysis.week import DAYS, WEEK_S, Stretch, week

# The whole file takes a few seconds; a longer search is `--hypothesis-profile`'s business.
SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Small firms: leaves, gates above them, the top last; some gates can be lost by themselves too."""
    leaves = draw(st.integers(2, 7))
    names = [f"n{index}" for index in range(leaves + draw(st.integers(1, 5)))]
    graph: dict[str, Node] = {}
    for index, name in enumerate(names):
        lead = draw(st.integers(0, 50))
        if index < leaves:
            graph[name] = Node(fails=True, start_s=lead)
            continue
        below = st.lists(st.sampled_from(names[:index]), min_size=1, max_size=4, unique=True)
        needs = tuple(draw(below)) if draw(st.booleans()) else ()
        groups = []
        for _ in range(draw(st.integers(0 if needs else 1, 2))):
            of = tuple(draw(below))
            groups.append(AnyOf(of, draw(st.integers(1, len(of)))))
        graph[name] = Node("gate", needs, tuple(groups), draw(st.booleans()), lead)
    return graph


def works(graph: Graph, name: str, lost: frozenset[str]) -> bool:
    """Brute force: does it work when these are lost?"""
    node = graph[name]
    return (
        name not in lost
        and all(works(graph, other, lost) for other in node.needs)
        and all(sum(works(graph, one, lost) for one in group.of) >= group.at_least for group in node.needs_any)
    )


def below(graph: Graph, name: str) -> set[str]:
    return {name}.union(*(below(graph, other) for other in graph[name].below))


@SETTINGS
@given(graphs())
def test_cut_sets_are_minimal_and_complete(graph: Graph) -> None:
    top = list(graph)[-1]
    leaves = sorted(name for name in below(graph, top) if graph[name].fails)
    expected: list[tuple[str, ...]] = []
    for size in (1, 2, 3):
        for tried in combinations(leaves, size):
            smaller = any(set(one) <= set(tried) for one in expected)
            if not smaller and not works(graph, top, frozenset(tried)):
                expected.append(tried)
    found = cut_sets(graph, top)
    assert list(found.sets) == expected
    assert found.complete_to == 3


@SETTINGS
@given(graphs(), st.data())
def test_what_is_stopped(graph: Graph, data: st.DataObject) -> None:
    lost = data.draw(st.frozensets(st.sampled_from(list(graph))))
    assert stopped(graph, lost) == {name for name in graph if not works(graph, name, lost)}


@SETTINGS
@given(graphs(), st.integers(0, 500), st.integers(0, 100), st.data())
def test_deadlines_move_with_what_is_promised(graph: Graph, due: int, more: int, data: st.DataObject) -> None:
    top = list(graph)[-1]
    chosen = data.draw(st.sampled_from(list(graph)))

    def found(due_s: float, slower: float) -> dict[str, float]:
        changed = dict(graph)
        changed[chosen] = replace(changed[chosen], start_s=changed[chosen].start_s + slower)
        changed[top] = replace(changed[top], due_s=due_s)
        return {name: deadline.by_s for name, deadline in deadlines(changed).items()}

    now, later, slower = found(due, 0), found(due + more, 0), found(due, more)
    for name, by_s in now.items():
        assert later[name] == by_s + more, "a looser promise gives that much to everything"
        assert slower[name] <= by_s, "a slower start leaves less time to what it needs"
    for name in now:
        for other in graph[name].below:
            assert now[other] <= now[name] - graph[name].lead_s, "who needs it can start in time"


@SETTINGS
@given(graphs(), st.integers(0, 500))
def test_a_chain_explains_its_deadline(graph: Graph, due: int) -> None:
    top = list(graph)[-1]
    promised = {**graph, top: replace(graph[top], due_s=due)}
    for name, deadline in deadlines(promised).items():
        chain = deadline.chain
        assert (chain[0], chain[-1]) == (top, name)
        assert all(lower in graph[upper].below for upper, lower in pairwise(chain))
        assert deadline.by_s == due - sum(graph[one].lead_s for one in chain[:-1])


@st.composite
def hours(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        begin, length = draw(st.integers(0, 23)), draw(st.integers(1, 23))
        days = ",".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True)))
        parts.append(f"{days} {begin:02d}:00-{(begin + length) % 24:02d}:00")
    return "; ".join(parts)


HOUR = 3600


def open_hours(text: str) -> list[bool]:
    """Brute force: which hours of the week are worked."""
    worked = [False] * 168
    for part in text.split("; "):
        days, span = part.split(" ")
        begin, end = (int(moment[:2]) for moment in span.split("-"))
        for day in days.split(","):
            for hour in range(begin, end if end > begin else end + 24):
                worked[(DAYS.index(day) * 24 + hour) % 168] = True
    return worked


@SETTINGS
@given(hours(), st.integers(0, 400), st.integers(0, 60), st.sampled_from([0.0, 0.25, 1.0]))
def test_the_worst_moment(text: str, lasts: int, held: int, capacity: float) -> None:
    worked = open_hours(text)
    stakes = Stakes((Point(HOUR, 100), Point(50 * HOUR, 2000)), text, Fallback(capacity, held * HOUR))
    lost = [
        sum(worked[(start + hour) % 168] * (1 - capacity if hour < held else 1) for hour in range(lasts))
        for start in range(168)
    ]
    worst = stakes.worst(lasts * HOUR)
    # Hours begin and end on the hour, so the worst moment does too.
    assert worst.lost_s == sum_of(max(lost))
    assert worst.start_s % HOUR == 0
    assert sum_of(lost[int(worst.start_s) // HOUR]) == worst.lost_s
    assert worst.open_s == HOUR * sum(worked[(int(worst.start_s) // HOUR + hour) % 168] for hour in range(lasts))


def sum_of(hours_lost: float) -> object:
    return pytest.approx(hours_lost * HOUR)


@SETTINGS
@given(hours(), st.integers(1, 200), st.integers(1, 3))
def test_the_mean_is_that_of_all_moments(text: str, lasts: int, points: int) -> None:
    stakes = Stakes(tuple(Point(HOUR * 4**index, 100.0 * (index + 1) ** 3) for index in range(points)), text)
    steps = 2 * 168
    brute = sum(stakes.cost(WEEK_S * (step + 0.5) / steps, lasts * HOUR) or 0 for step in range(steps)) / steps
    mean, worst = stakes.mean_cost(lasts * HOUR), stakes.worst(lasts * HOUR).amount
    assert mean is not None
    assert worst is not None
    assert abs(mean - brute) <= 0.02 * worst + 1e-6
    assert mean <= worst + 1e-6


@SETTINGS
@given(hours(), st.integers(0, 300), st.integers(0, 300))
def test_a_longer_stop_never_costs_less(text: str, lasts: int, more: int) -> None:
    stakes = Stakes((Point(HOUR, 10), Point(9 * HOUR, 500), Point(90 * HOUR, 600)), text, Fallback(0.3, 5 * HOUR))
    shorter, longer = stakes.worst(lasts * HOUR), stakes.worst((lasts + more) * HOUR)
    assert shorter.amount is not None
    assert longer.amount is not None
    assert shorter.amount <= longer.amount + 1e-6


@SETTINGS
@given(hours())
def test_working_time_is_counted_once(text: str) -> None:
    found = week(text)
    assert found.open_s(0, WEEK_S) == HOUR * sum(open_hours(text))
    assert found.worst([Stretch(0, WEEK_S)]).lost_s == found.open_s(0, WEEK_S)


@SETTINGS
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=4))
def test_a_level_more_never_makes_a_copy_newer(windows: list[tuple[int, int, int]]) -> None:
    path = [Window(*window) for window in windows]
    for end in range(1, len(path)):
        assert worst_loss_s(path[: end + 1]) >= worst_loss_s(path[:end])
    aligned = [replace(window, aligned=True) for window in path]
    assert worst_loss_s(aligned) <= worst_loss_s(path)


@SETTINGS
@given(hours(), st.integers(0, 400 * 60))
def test_the_most_working_time_of_a_stop(text: str, minutes: int) -> None:
    found, lasts_s = Equivalence(week(text)), 60 * minutes
    most = week(text).worst([Stretch(0, lasts_s)]).lost_s
    assert found.most_open_s(lasts_s) == pytest.approx(most)
    longest = found.length_s(most)
    assert longest >= lasts_s - 1e-3, "it is a stop that takes no more"
    assert found.most_open_s(longest) == pytest.approx(most)
    assert found.most_open_s(longest + 60) > most, "and there is no longer one"


@SETTINGS
@given(hours(), st.lists(st.integers(1, 300), min_size=1, max_size=4, unique=True))
def test_what_was_declared_is_what_the_worst_moment_costs(text: str, lasts: list[int]) -> None:
    points = tuple(Point(HOUR * length, 10.0 * length**2) for length in sorted(lasts))
    stakes = Stakes(points, text)
    for point in points:
        assert stakes.worst(point.after_s).amount == pytest.approx(point.amount)
        assert (stakes.cost(0, point.after_s) or 0) <= (point.amount or 0) + 1e-6
