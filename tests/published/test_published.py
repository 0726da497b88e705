# SPDX-License-Identifier: Apache-2.0
"""Published cases, and worked examples of our own, from model files through the functions that the product uses.

The pages of the papers were not read: figures are recomputed from parameters attributed to them, and agree with the
results attributed to them. Nothing here says that a table was reproduced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bascule.analysis import durability, upkeep
from bascule.analysis.basket import baskets
from bascule.analysis.copies import Copy, Window, newest
from bascule.analysis.cutsets import cut_sets
from bascule.analysis.deadlines import deadlines
from bascule.analysis.fate import Group, shared_fate
from bascule.analysis.model import Model, Scenario, System
from bascule.analysis.nodes import Graph, Node
from bascule.analysis.scenario import strike
from bascule.codec import decode

HERE = Path(__file__).parent


def case(name: str) -> dict[str, Any]:
    """A model file; each says where its figures come from, and how firm that is."""
    data: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    assert data["source"]
    assert data["status"]
    return data


def graph_of(data: Any) -> Graph:
    graph: Graph = decode(Mapping[str, Node], data)
    return graph


DSN = case("dsn2004")


def storage(design: str) -> Model:
    """The file server of the case study under one of its designs."""
    windows: dict[str, Window] = decode(Mapping[str, Window], DSN["windows"])
    copies = tuple(
        Copy(id=name, at=DSN["places"][name], technology=name, path=tuple(windows[word] for word in path))
        for name, path in DSN["designs"][design].items()
    )
    scenarios: dict[str, Scenario] = decode(Mapping[str, Scenario], DSN["scenarios"])
    return Model(graph_of(DSN["graph"]), {"files": System("files", place="array", copies=copies)}, scenarios=scenarios)


@pytest.mark.parametrize(("design", "failure", "copy", "hours"), DSN["expected_loss_h"])
def test_loss_of_the_storage_case(design: str, failure: str, copy: str, hours: float) -> None:
    model = storage(design)
    best = newest(strike(model, model.scenarios[failure]).left["files"])
    assert best is not None
    assert best.age_s is not None
    assert best.copy.id == copy
    assert round(best.age_s / 3600, 2) == hours


@pytest.mark.parametrize("given", case("baker2006")["cases"], ids=lambda given: str(given["expected_years"]))
def test_reliability_of_two_copies(given: dict[str, Any]) -> None:
    copies: durability.Copies = decode(durability.Copies, given["copies"])
    assert round(durability.mean_years_to_loss(copies), 1) == given["expected_years"]
    assert durability.chance_of_loss(copies, case("baker2006")["years"]) == pytest.approx(
        given["expected_loss"], abs=1e-3
    )


@pytest.mark.parametrize("given", case("wood2010")["cases"], ids=lambda given: str(given["name"]))
def test_year_of_a_standby(given: dict[str, Any]) -> None:
    share = upkeep.active_share(upkeep.Stay(**stay) for stay in case("wood2010")["stays"])
    assert share == pytest.approx(0.01)
    costs: upkeep.Upkeep = decode(upkeep.Upkeep, given["upkeep"])
    assert round(upkeep.per_year(costs, share)) == given["expected"]


def test_cut_sets_of_the_worked_example() -> None:
    data = case("orders")
    found = cut_sets(graph_of(data["graph"]), "orders")
    assert [list(one) for one in found.sets] == data["expected_sets"]
    assert found.complete_to == 3


def test_cut_sets_once_it_is_repaired() -> None:
    data = case("orders")
    found = cut_sets(graph_of({**data["graph"], **data["repaired"]}), "orders")
    wanted = data["repaired_counts"]
    assert len(found.of_size(1)) == wanted["1"]
    assert len(found.of_size(2)) == wanted["2"]
    assert sum("backup_admin" in one for one in found.of_size(2)) == wanted["with_backup_admin"]


def test_one_account_still_reaches_it_all() -> None:
    data = case("orders")
    group: Group = decode(Group, data["ransomware"])
    (shared,) = shared_fate(graph_of({**data["graph"], **data["repaired"]}), [group], ["orders"])
    assert shared.stops == ("orders",)
    assert shared.alone == ()


def test_deadline_of_the_basket() -> None:
    data = case("basket")
    graph = graph_of(data["graph"])
    (basket,) = baskets(graph, deadlines(graph), ["host"])
    assert basket.by_s == data["expected"]["host_by_s"]
    assert [*basket.imposed_by.chain, basket.id] == data["expected"]["chain"]
    assert basket.without_s == data["expected"]["without_s"]
