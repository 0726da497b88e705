# SPDX-License-Identifier: Apache-2.0
"""The planner's small graph questions."""

from __future__ import annotations

import pytest

from bascule.graph import closure, heaviest, joined, ordered, with_wishes


def test_closure_follows_all_edges() -> None:
    assert closure(["a"], {"a": ["b"], "b": ["c"], "c": ["a"], "d": []}) == {"a", "b", "c"}


def test_order_keeps_the_order_of_what_is_free() -> None:
    # Each time the first of the policy that can go: `web` as soon as `db` is done.
    assert ordered({"web": ["db"], "files": [], "db": [], "mail": []}) == ("files", "db", "web", "mail")


def test_a_circle_is_an_error() -> None:
    with pytest.raises(ValueError, match="circle: a, b"):
        ordered({"a": ["b"], "b": ["a"]})


def test_wishes_never_close_a_circle() -> None:
    needs = {"db": (), "web": ("db",)}
    assert with_wishes(needs, {"db": ("web",), "web": ("db",)}) == {"db": (), "web": ("db",)}
    each_other = {"a": ("b",), "b": ("a",)}
    assert with_wishes({"a": (), "b": ()}, each_other) == {"a": (), "b": ("a",)}


def test_groups_join_through_others() -> None:
    held = {"sell": {"till"}, "read": {"papers"}, "count": {"till", "stock"}, "buy": {"stock"}}
    members = {name: frozenset(systems) for name, systems in held.items()}
    assert joined(members) == (("sell", "count", "buy"), ("read",))


def test_groups_that_meet_late_become_one() -> None:
    held = {"a": {"1"}, "b": {"2"}, "c": {"1", "2"}}
    assert joined({name: frozenset(systems) for name, systems in held.items()}) == (("a", "b", "c"),)


def test_heaviest_chain() -> None:
    edges = {"db": (), "files": (), "web": ("db", "files")}
    assert heaviest(edges, {"db": 2, "files": 9, "web": 1}, ["web"]) == ("files", "web")
    assert heaviest({}, {}, []) == ()
