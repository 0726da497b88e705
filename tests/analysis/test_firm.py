# SPDX-License-Identifier: Apache-2.0
"""The analysis of whole policies: what one change of the sample firm changes in the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bascule.analysis.report import analyse
from bascule.language import load_text

POLICIES = Path(__file__).parents[1] / "policies"
SAMPLE = (POLICIES / "valid" / "atelier.yml").read_text(encoding="utf-8")
THIRD = ("switch:\n  dns:", "copies:\n  outside: {every: 5m, keep: 30d}\nswitch:\n  dns:")
DB1, DB2 = "db1: {address: 10.99.1.11}", "db2: {address: 10.99.2.11}"


def analysed(*changes: tuple[str, str]) -> dict[str, Any]:
    """The analysis of the sample after these changes of its text."""
    text = SAMPLE
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return analyse(load_text(text))


def sets(report: dict[str, Any], activity: str = "orders") -> set[frozenset[str]]:
    return {frozenset(one) for one in report["activities"][activity]["cut_sets"]}


def resources(text: str) -> tuple[str, str]:
    return ("connection:  ", f"resources:\n{text}\nconnection:  ")


def risk(text: str) -> tuple[str, str]:
    return ("risks:\n", f"risks:\n  one: {text}\n")


def test_no_single_loss_stops_the_sample() -> None:
    report = analysed()
    assert [activity["single_points"] for activity in report["activities"].values()] == [[], [], []]
    assert {"machine:db1", "machine:db2"} in sets(report)
    assert {"site:primary", "site:standby"} in sets(report)


def test_the_place_to_recover_from_is_a_basket_too() -> None:
    both = {"site:primary", "machine:files2"}
    assert both in sets(analysed()), "one controller is at the primary, the other on files2, with orders on neither"
    away = ("  standby-box: {at: standby, machine: files2}\n", "  outside-box: {at: third, machine: outside}\n")
    assert both not in sets(analysed(away))


def test_a_second_administrator() -> None:
    people = {"person:director", "person:it"}
    assert any(people <= one for one in sets(analysed()))
    more = ("  workshop: {deputy: director}\n", "  workshop: {deputy: director, may: [declare]}\n")
    assert not any(people <= one and len(one) == 3 and "person:workshop" not in one for one in sets(analysed(more)))


def test_virtual_machines_of_one_host_fall_together() -> None:
    host = resources("  hv: {kind: host, at: primary}")
    on = [(DB1, DB1[:-1] + ", needs: [{resource: hv}]}")]
    report = analysed(host, *on)
    assert {"resource:hv", "machine:db2"} in sets(report)
    basket = next(one for one in report["baskets"] if one["id"] == "resource:hv")
    assert (basket["kind"], basket["eggs"][0]["id"]) == ("host", "machine:db1")


def test_one_supplier_of_both_sites_is_a_single_point() -> None:
    line = resources("  fibre: {kind: link, needs: [{supplier: telecom}]}")
    supplier = ("accounts:", "suppliers:\n  telecom: {provides: {resource: fibre}}\naccounts:")
    at = [
        ("    hazards: [flood]\n", "    hazards: [flood]\n    needs: [{resource: fibre}]\n"),
        ("    distance: 42km\n", "    distance: 42km\n    needs: [{resource: fibre}]\n"),
    ]
    report = analysed(line, supplier, *at)
    assert report["activities"]["orders"]["single_points"] == ["resource:fibre", "supplier:telecom"]
    shared = {(one["kind"], one["id"]): one for one in report["shared_fate"]}
    assert set(shared["supplier", "telecom"]["stops"]) == {"orders", "drawings", "showcase"}
    twice = (
        at[1][0],
        at[1][1].replace("needs: [{resource: fibre}]", "needs_any: [{of: [{resource: fibre}, {resource: radio}]}]"),
    )
    radio = resources("  fibre: {kind: link, needs: [{supplier: telecom}]}\n  radio: {kind: link}")
    assert analysed(radio, supplier, at[0], twice)["activities"]["orders"]["single_points"] == []


def test_a_live_copy_repeats_the_damage() -> None:
    hit = analysed()["risks"]["ransomware"]
    assert {copy["id"]: copy["why"] for copy in hit["copies"]["erp-db"]} == {
        "copy:erp-db/streaming": "repeats",
        "copy:erp-db/pgbackrest": None,
    }
    orders = hit["activities"]["orders"]
    assert orders["lost"] == {"seconds": 305.0, "system": "erp-db", "copy": "copy:erp-db/pgbackrest"}
    assert orders["kept"] == {"rto": True, "rpo": False, "mtpd": True, "pdma": True}


def test_damage_that_stays_unseen_makes_the_point_older() -> None:
    late = ("mode: compromise, per_year", "mode: compromise, unseen: 7d, per_year")
    left = analysed(late)["risks"]["ransomware"]["copies"]["erp-db"]
    assert left[1]["age_s"] == 7 * 86400 + 305
    never = ("mode: compromise, per_year", "mode: compromise, unseen: 31d, per_year")
    hit = analysed(never)["risks"]["ransomware"]
    assert [copy["why"] for copy in hit["copies"]["erp-db"]] == ["repeats", "forgotten"]
    assert hit["activities"]["orders"]["word"] == "stopped"
    assert hit["activities"]["orders"]["unsaved"] == ["erp-db"]


def test_the_third_place_survives_both_sites() -> None:
    war = risk("{affects: [{site: primary}, {site: standby}], mode: loss, lasts: 30d}")
    alone, third = (analysed(war, *more)["risks"]["one"] for more in ((), (THIRD,)))
    assert alone["activities"]["drawings"]["unsaved"] == ["documents"]
    met = third["activities"]["drawings"]
    assert (met["word"], met["lasts_s"], met["unsaved"]) == ("stopped", 30 * 86400, [])
    # restic every 10 min, 5 s on its way; the third place looks every 5 min by itself, so it may just have missed one.
    assert met["lost"] == {"seconds": 600 + 5 + 300 + 5, "system": "documents", "copy": "copy:documents/third"}


def test_the_third_place_is_the_third_copy() -> None:
    report = analysed(THIRD)
    assert {name: held["rule"]["missing"] for name, held in report["copies"].items()} == {
        "erp-db": [],
        "documents": [],
        "website-db": [],
        "website": [],
    }
    account = ("{reaches: {site: primary}}", "{reaches: [{site: primary}, {site: standby}, {machine: outside}]}")
    assert analysed(THIRD, account)["copies"]["documents"]["rule"]["missing"] == ["apart"]
    talk = ("kind: technical", "kind: tabletop")
    assert analysed(THIRD, talk)["copies"]["documents"]["rule"]["missing"] == ["proven"]
    hazard = ("    distance: 42km\n", "    distance: 42km\n    hazards: [flood]\n")
    assert analysed(hazard)["copies"]["documents"]["rule"]["missing"] == ["three", "away"]


def test_bytes_decide() -> None:
    slow, fast = (analysed((DB2, DB2[:-1] + f", restores: {speed}}}")) for speed in ("10MB/s", "100MB/s"))
    taken = [report["risks"]["ransomware"]["activities"]["orders"]["lasts_s"] for report in (slow, fast)]
    # 20 GiB at 10 and at 100 MB/s.
    assert taken[0] - taken[1] == pytest.approx(20 * 2**30 / 10e6 - 20 * 2**30 / 100e6, abs=0.2)
    parts = fast["risks"]["ransomware"]["activities"]["orders"]["parts"]
    assert next(part["source"] for part in parts if part["name"] == "erp-db: restore") == "declared"


def test_a_slow_line_makes_copies_older() -> None:
    line = "  fibre: {{kind: link, from: primary, to: standby, speed: {0}}}"
    slow, fast = (analysed(resources(line.format(speed))) for speed in ("1Mbit/s", "1Gbit/s"))
    ages = [report["copies"]["documents"]["copies"][0]["worst_loss_s"] for report in (slow, fast)]
    # 500 MiB a day change; what comes together in 10 minutes takes 36 s at 0.8 Mbit/s.
    assert ages[0] == pytest.approx(605 + 500 * 2**20 / 144 / 100_000, rel=1e-3)
    assert ages[1] == pytest.approx(605, abs=0.1)


def test_who_reacts_late_is_back_late() -> None:
    late = ("risks:\n", "response: {notice: 5m, decide: 10m}\nrisks:\n")
    before, after = (analysed(*more)["activities"]["orders"]["recovery"] for more in ((), (late,)))
    assert after["ready_s"] - before["ready_s"] == 900
    assert before["slack_s"] - after["slack_s"] == 900


def test_what_may_be_borne_follows_from_the_impact() -> None:
    derived = analysed(("need: {mtpd: 8h, pdma: 15m, mbco: 40%}", "need: {pdma: 15m, mbco: 40%}"))
    mtpd = derived["activities"]["orders"]["need"]["mtpd"]
    assert mtpd == {"seconds": 3 * 86400, "source": "derived", "derived_s": 3 * 86400, "derived_for": "overall"}


def test_a_fallback_that_keeps_the_smallest_level() -> None:
    short, enough = (
        analysed(*more)["activities"]["orders"]["fallback"] for more in ((), (("capacity: 30%", "capacity: 40%"),))
    )
    assert (short["keeps_minimum"], short["holds_s"]) == (False, 0)
    assert (enough["keeps_minimum"], enough["holds_s"]) == (True, 86400)


def test_losing_the_standby_alone_stops_nobody() -> None:
    hit = analysed(risk("{affects: {site: standby}, mode: unavailability, per_year: 1, lasts: 1d}"))["risks"]["one"]
    assert {met["word"] for met in hit["activities"].values()} == {"goes_on"}
    assert all(copy["why"] == "gone" for left in hit["copies"].values() for copy in left)


def test_a_system_that_is_damaged_by_itself() -> None:
    hit = analysed(risk("{affects: {system: documents}, mode: corruption, unseen: 1d}"))["risks"]["one"]
    assert hit["damaged"] == ["documents"]
    assert hit["activities"]["drawings"]["word"] == "recovers"
    assert hit["activities"]["drawings"]["lost"]["seconds"] == 86400 + 605
    assert hit["activities"]["orders"]["word"] == "goes_on"


def test_a_system_that_is_away_everywhere() -> None:
    hit = analysed(risk("{affects: {system: erp}, mode: unavailability, lasts: 6h}"))["risks"]["one"]
    assert hit["activities"]["orders"]["word"] == "stopped"
    assert hit["activities"]["orders"]["lasts_s"] == 6 * 3600


def test_everything_assumed_is_listed() -> None:
    listed = {(one["about"], one["of"]) for one in analysed()["assumed"]}
    assert {("notice", ""), ("size", "website-db"), ("restores", "db2"), ("unseen", "ransomware")} <= listed
    told = {("size", "erp-db"), ("currency", "EUR"), ("accounts", "")}
    assert not told & listed
    said = ("risks:\n", "response: {notice: 0s, decide: 0s}\nrisks:\n")
    assert ("notice", "") not in {(one["about"], one["of"]) for one in analysed(said)["assumed"]}


def test_days_at_the_standby_come_from_the_risks() -> None:
    # fire 0.01 × 30 d, flood 0.02 × 15 d, ransomware 0.05 × 7 d, disk 0.1 × 1 d
    assert analysed()["standby"]["active_days_per_year"] == pytest.approx(0.3 + 0.3 + 0.35 + 0.1)
