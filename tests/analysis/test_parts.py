# SPDX-License-Identifier: Apache-2.0
"""The parts of the analysis by hand: figures that a person can check on paper."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.analysis import transfer
from bascule.analysis.basket import baskets
from bascule.analysis.copies import Copy, Left, Window, left_of, newest
from bascule.analysis.cutsets import CutSets, cut_sets
from bascule.analysis.deadlines import broken, deadlines
from bascule.analysis.durability import Copies, mean_years_to_loss
from bascule.analysis.fate import Group, shared_fate
from bascule.analysis.impact import Point, bearable, curve, levels_after, softer
from bascule.analysis.independence import Holding, independence
from bascule.analysis.nodes import AnyOf, Graph, Node
from bascule.analysis.rectangles import rectangles
from bascule.analysis.stakes import Fallback, Stakes
from bascule.analysis.structure import CircleError, cone
from bascule.analysis.week import WEEK_S, clock, week

HOUR, DAY = 3600, 86400
OFFICE = "Mo-Fr 08:00-18:00"


def test_an_hour_on_monday_is_not_one_on_sunday() -> None:
    stakes = Stakes((Point(HOUR, 400), Point(4 * HOUR, 3000)), OFFICE)
    monday, sunday = 9 * HOUR, 6 * DAY + 9 * HOUR
    assert stakes.cost(monday, HOUR) == 400
    assert stakes.cost(sunday, HOUR) == 0
    worst = stakes.worst(HOUR)
    assert (clock(worst.start_s), worst.amount) == ("Mo 08:00", 400)
    # Fifty of 168 hours are worked; at the ends of each day a part of an hour is hit.
    assert stakes.mean_cost(HOUR) == pytest.approx(400 * 50 / 168)


def test_a_weekend_is_not_paid_for() -> None:
    stakes = Stakes((Point(DAY, 12000), Point(3 * DAY, 60000)), OFFICE)
    friday_evening = 4 * DAY + 18 * HOUR
    # Until Monday 18:00 ten hours are lost, as in a day at the worst moment.
    assert stakes.cost(friday_evening, 3 * DAY) == 12000
    assert stakes.worst(3 * DAY).amount == 60000


def test_a_fallback_softens_the_cost_until_it_ends() -> None:
    points = (Point(10 * HOUR, 1000),)
    with_paper = Stakes(points, None, Fallback(0.5, 4 * HOUR))
    assert with_paper.worst(2 * HOUR).amount == 100
    assert with_paper.worst(10 * HOUR).amount == 800
    assert Stakes(points, None, Fallback(0.5)).worst(10 * HOUR).amount == 500
    assert Stakes(points, None, Fallback(0.5), mbco=0.4).holds_s is None
    assert Stakes(points, None, Fallback(0.3, HOUR), mbco=0.4).holds_s == 0


@pytest.mark.parametrize(
    ("hours", "worked"),
    [
        ("24/7", 168),
        (OFFICE, 50),
        ("Mo,We 08:00-12:00; Fr 08:00-18:00", 18),
        ("Fr-Mo 22:00-02:00", 16),
        ("Su 00:00-24:00", 24),
    ],
)
def test_hours(hours: str, worked: int) -> None:
    assert week(hours).open_s(0, WEEK_S) == worked * HOUR


def test_what_are_no_hours() -> None:
    with pytest.raises(ValueError, match="are no opening hours"):
        week("lundi 8h-18h")


def test_a_curve_that_falls() -> None:
    with pytest.raises(ValueError, match="the cost falls"):
        curve((Point(HOUR, 400), Point(4 * HOUR, 300)))
    rising = curve((Point(HOUR, 400), Point(4 * HOUR, 3000)))
    assert rising is not None
    assert [rising.cost(hours * HOUR) for hours in (0, 0.5, 1, 2.5, 4, 7)] == [0, 200, 400, 1700, 3000, 5600]


def test_levels_are_steps_that_stay() -> None:
    points = (
        Point(HOUR, levels={"customers": "minor"}),
        Point(DAY, levels={"customers": "serious", "legal": "minor"}),
        Point(2 * DAY, levels={"customers": "minor", "legal": "unacceptable"}),
    )
    assert levels_after(points, HOUR - 1) == {}
    assert levels_after(points, 2 * DAY) == {"customers": "serious", "legal": "unacceptable"}
    assert bearable(points) == (2 * DAY, "legal")
    assert softer(points) == [(2, "customers")]


def test_a_circle_through_alternatives_is_found_and_said() -> None:
    graph = {
        "dns": Node(needs_any=(AnyOf(("ad1", "ad2")),)),
        "ad1": Node(needs=("dns",)),
        "ad2": Node(fails=True),
    }
    with pytest.raises(CircleError, match="dns → ad1 → dns") as raised:
        cone(graph, ["dns"])
    assert raised.value.way == ("dns", "ad1")


@pytest.mark.parametrize(("at_least", "sizes"), [(1, [3]), (2, [2, 2, 2]), (3, [1, 1, 1])])
def test_so_many_of_three(at_least: int, sizes: list[int]) -> None:
    graph: Graph = {
        **{name: Node(fails=True) for name in "abc"},
        "top": Node(needs_any=(AnyOf(tuple("abc"), at_least),)),
    }
    assert [len(one) for one in cut_sets(graph, "top").sets] == sizes


def test_cut_sets_say_how_far_they_were_tried() -> None:
    graph: Graph = {
        **{f"n{index}": Node(fails=True) for index in range(402)},
        "top": Node(needs_any=(AnyOf(tuple(f"n{index}" for index in range(402)), 2),)),
    }
    assert cut_sets(graph, "top") == CutSets("top", (), 2)


CHAIN: Graph = {
    "host": Node("host", fails=True),
    "db": Node("system", ("host",), start_s=1800),
    "app": Node("system", ("db",), start_s=300),
    "orders": Node("activity", ("app",), start_s=60, verify_s=60, due_s=2000),
    "wiki": Node("activity", ("host",), due_s=DAY),
}


def test_a_promise_that_cannot_be_kept_names_its_chain() -> None:
    (found,) = broken(CHAIN, deadlines(CHAIN))
    assert (found.top, found.ready_s, found.missing_s) == ("orders", 2220, 220)
    assert found.chain == ("orders", "app", "db")
    assert deadlines(CHAIN)["host"].slack_s == -220


def test_an_egg_costs_its_basket() -> None:
    prices = {True: 900.0, False: 100.0}
    graph = {**CHAIN, "orders": replace(CHAIN["orders"], due_s=4 * HOUR)}
    (basket,) = baskets(graph, deadlines(graph), ["host"], price=lambda _, by_s: prices[by_s < DAY])
    assert basket.imposed_by.chain == ("orders", "app", "db")
    assert basket.by_s == 4 * HOUR - 60 - 60 - 300 - 1800
    assert (basket.without_s, basket.extra) == (DAY, 800)


def test_what_nobody_sees_who_looks_at_one_thing_at_a_time() -> None:
    graph: Graph = {"a": Node(fails=True), "b": Node(fails=True), "top": Node(needs_any=(AnyOf(("a", "b")),))}
    both, one = Group("account", "boss", ("a", "b")), Group("site", "here", ("a",))
    (found,) = shared_fate(graph, [both, one], ["top"])
    assert (found.group, found.stops, found.alone) == (both, ("top",), ())


def test_what_is_left_of_a_copy() -> None:
    history = Copy("copy:x/restic", "machine:b", "restic", (Window(600, 5),), keep_s=30 * DAY)
    live = replace(history, id="copy:x/streaming", path=(Window(0, 1),), keep_s=None, live=True)
    assert left_of(history, (), damaged=False) == Left(history, 605)
    assert left_of(history, (history.id, "machine:b"), damaged=False).why == "gone"
    assert left_of(history, (history.id, "secret:key"), damaged=False).why == "locked"
    assert left_of(live, (), damaged=True).why == "repeats"
    assert left_of(history, (), damaged=True, noticed_s=7 * DAY).age_s == 7 * DAY + 605
    assert left_of(history, (), damaged=True, noticed_s=30 * DAY).why == "forgotten"
    best = newest([left_of(live, (), damaged=True), left_of(history, (), damaged=True)])
    assert best is not None
    assert best.copy is history


@pytest.mark.parametrize(
    ("size", "speed", "kind", "hours"),
    [
        (1e12, 12.5e6, "line", 27.8),
        (1e12, 125e6, "line", 2.8),
        (2e12, 60e6, "disk", 9.3),
        (5e12, 150e6, "disk", 9.3),
        (0.5e12, 37.5e6, "line", 4.6),
    ],
)
def test_bytes_take_their_time(size: float, speed: float, kind: str, hours: float) -> None:
    fast = transfer.Pace("fast", 1e12, "declared")
    assert round(transfer.seconds(size, [fast, transfer.Pace("it", speed, "declared", kind)]) / HOUR, 1) == hours


def test_independence_is_not_a_count() -> None:
    original = Holding("original", "db1", "office", "postgresql", ("admin",), ("flood",))
    live = Holding("live", "db2", "cloud", "postgresql", (), ())
    history = Holding("history", "db2", "cloud", "pgbackrest", (), ())
    assert independence(original, [live, history], 90 * DAY, True).missing == ("three",)
    third = replace(history, id="third", machine="box", site="home")
    assert independence(original, [live, history, third], 90 * DAY, True).missing == ()
    assert independence(original, [live, live], None, True).missing == ("three", "two", "apart", "proven")
    assert independence(original, [history], 90 * DAY, False).missing == ("three", "apart")
    assert independence(original, [replace(history, hazards=("flood",))], 1, True).missing == ("three", "away")


def test_looking_more_often_is_worth_more_than_nothing() -> None:
    never, yearly, weekly = (Copies(280_000, 1, checked) for checked in (None, 8760, 168))
    assert mean_years_to_loss(never) < mean_years_to_loss(yearly) < mean_years_to_loss(weekly)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).filter(lambda pair: pair[0] < pair[1])))
def test_rectangles_are_the_pairs(pairs: set[tuple[str, str]]) -> None:
    told = [frozenset((one, other)) for left, right in rectangles(pairs) for one in left for other in right]
    assert set(told) == {frozenset(pair) for pair in pairs}
