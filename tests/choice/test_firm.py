# SPDX-License-Identifier: Apache-2.0
"""Options and choice of whole policies: the sample's answer, and what one changed number changes in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bascule import api
from bascule.build import build
from bascule.choice import text
from bascule.choice.report import options
from bascule.cli import main
from bascule.diagnostics import Findings
from bascule.language import load, load_text
from bascule.price_files import load as load_prices
from bascule.source import read_text

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "atelier"
SCHEMA = json.loads((ROOT / "schemas" / "options" / "v1.schema.json").read_text(encoding="utf-8"))
BOOK = load_prices(SAMPLE / "prices", "EUR")
TODAY = date(2026, 11, 1)
BORNE = ("mode: compromise, per_year: 0.05, lasts: 7d", "mode: compromise, per_year: 0.05, lasts: 7d, accepted: true")
SIZE = ("    size: 1GiB\n", "    size: 200GiB\n")


def asked(*changes: tuple[str, str], activity: str | None = "orders", file: str = "policy.yml") -> dict[str, Any]:
    """The options of the sample after these changes of its text."""
    written = (SAMPLE / file).read_text(encoding="utf-8")
    for before, after in changes:
        assert before in written, before
        written = written.replace(before, after, 1)
    assert BOOK
    return options(build(read_text(written)), BOOK.book, activity)


@pytest.mark.parametrize("file", ["policy.yml", "policy-aws.yml"])
def test_json_and_text(file: str) -> None:
    found, old = api.options(SAMPLE / file, None, TODAY)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found)))
    assert old == ()
    one, _ = api.options(SAMPLE / file, "showcase", TODAY)
    for language in ("fr", "en"):
        for report in (found, one):
            assert max(map(len, text.render(report, language).splitlines())) <= 100


def test_the_question_is_answered_in_three_lines() -> None:
    report = asked()
    said = text.render(report, "en")
    for line in (
        "Ten minutes: 2 100 EUR a year",
        "Four hours: 2 100 EUR a year too",
        "A day or two: 394 EUR a year",
        "because an hour of stop costs up to 280",
    ):
        assert line in " ".join(said.split()), line
    orders = report["activities"]["orders"]
    # Two machines at 55 a month; 4 h for the data and 8 h for the software that is kept in step, at 65: by hand.
    assert orders["chosen"]["outlay"] == 2 * 55 * 12 + (4 + 8) * 65
    assert orders["chosen"]["lasts_s"] < orders["target"]["rto_s"]
    assert report["choice"]["gap"] < 1e-9


def test_shared_machines_are_paid_for_once() -> None:
    report = asked(activity=None)
    choice, alone = report["choice"], [one["chosen"]["outlay"] for one in report["activities"].values()]
    # app2 serves orders and the showcase.
    assert sum(alone) - choice["outlay"] == 55 * 12
    assert choice["items"]["machine:app2"] == 55 * 12


def test_bytes_decide() -> None:
    small, large, stuck = asked(BORNE), asked(BORNE, SIZE), asked(SIZE)
    assert small["choice"]["systems"]["erp-db"] == "pilot"
    # 200 GiB at 50 MB/s take more than an hour, so only a live copy is back in half an hour; it repeats damage.
    assert large["choice"]["systems"]["erp-db"] == "live"
    assert stuck["stuck"] == [{"kind": "rto", "of": "orders"}]


def test_a_tighter_target_costs_more() -> None:
    loose, tight = asked(BORNE), asked(BORNE, ("rto: 30m", "rto: 100s"))
    assert (loose["choice"]["systems"]["erp-db"], tight["choice"]["systems"]["erp-db"]) == ("pilot", "live")
    assert tight["choice"]["outlay"] > loose["choice"]["outlay"]
    assert tight["activities"]["orders"]["chosen"]["lasts_s"] <= 100
    assert tight["activities"]["orders"]["chosen"]["relaxed"]["saves"] == 8 * 65


def test_a_dear_hour_makes_it_worth_it() -> None:
    amounts = ("amount: 400}", "amount: 3000}", "amount: 12000}", "amount: 60000,")
    cheap, dear = asked(), asked(*((amount, f"{amount[:-1]}00{amount[-1]}") for amount in amounts))
    before, after = (report["activities"]["orders"]["chosen"] for report in (cheap, dear))
    assert before["without_promise_saves"] > 0, "not worth it by its own figures"
    assert after["without_promise_saves"] < before["without_promise_saves"]
    assert after["lasts_s"] <= before["lasts_s"]
    assert before["break_even"] == after["break_even"]


def test_a_cloud_makes_waiting_cheap() -> None:
    hosts, cloud = asked(), asked(file="policy-aws.yml")
    # A database has no copies in a bucket, so its machine is there before.
    assert cloud["choice"]["systems"]["erp-db"] == "pilot"
    assert cloud["choice"]["outlay"] < hosts["choice"]["outlay"]


def test_promises_that_conflict() -> None:
    report = asked(("rto: 30m", "rto: 20s"))
    assert report["choice"] is None
    assert report["stuck"] == [{"kind": "rto", "of": "orders"}]
    (way,) = report["ways_out"]
    assert way["promises"] == report["stuck"]
    assert 20 < way["becomes"][0] < 300
    assert "cannot be kept together" in text.render(report, "en")


def test_a_borne_risk_binds_nothing() -> None:
    stuck = ("mode: loss, per_year: 0.01, lasts: 30d", "mode: loss, per_year: 0.01, lasts: 30d, accepted: true")
    both = ("fire: {affects: {site: primary}", "fire: {affects: [{site: primary}, {site: standby}]")
    assert asked(both)["stuck"]
    assert asked(both, stuck)["choice"] is not None


AUTO = ROOT / "tests" / "policies" / "valid" / "chosen.yml"


def test_auto_follows_from_the_choice() -> None:
    policy = load(AUTO)
    (copy,) = policy.systems["recipes"].protect
    # The strictest promise is 15 minutes; a copy every ten and its way are within it.
    assert (copy.by, copy.every_s, copy.key) == ("restic", 600, "copies-key")
    plan = api.plan(AUTO)
    assert plan.firm["choice"]["systems"]["recipes"]["auto"] is True
    assert plan.systems["recipes"].protections[0]["every_s"] == 600


def test_plan_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(AUTO)]) == 0
    said = capsys.readouterr().out
    assert "cheapest that keeps every promise" in said
    assert "recipes" in said


def test_readiness_auto() -> None:
    written = (SAMPLE / "policy-aws.yml").read_text(encoding="utf-8").replace("readiness: pilot", "readiness: auto")
    policy = load_text(written, folder=SAMPLE)
    ready = {machine.id: machine.readiness for machine in policy.sites["standby"].machines.values()}
    # db2 receives a live copy; files2 ends the link; web2 keeps copies of a database, which no bucket takes; what only
    # serves is built when it is needed.
    assert ready == {"db2": "warm", "app2": "cold", "web2": "warm", "files2": "warm"}


def test_old_prices_are_told(tmp_path: Path) -> None:
    firm = tmp_path / "atelier"
    shutil.copytree(SAMPLE, firm)
    policy = firm / "policy.yml"
    _, old = api.options(policy, "orders", date(2027, 9, 3))
    assert {item.code for item in old} == {"BC510"}
    assert "367 days ago" in old[0].what


def test_without_prices_nothing_is_chosen(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        (ROOT / "tests" / "golden" / "small" / "policy.yml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.raises(Findings, match="BC511"):
        api.options(policy, None, TODAY)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(SAMPLE / "policy.yml")
    assert main(["options", sample, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "bascule/options/v1"
    assert main(["options", sample, "orders", "--lang", "en"]) == 0
    assert "Ways to recover erp-db" in capsys.readouterr().out
    assert main(["options", sample, "nobody"]) == 2
    assert "no activity" in capsys.readouterr().err


def test_a_budget_conflicts_with_promises_and_says_which() -> None:
    money = ("currency: EUR\n", "currency: EUR\n  budget: {}\n")
    enough, short = (asked((money[0], money[1].format(amount))) for amount in (5000, 2000))
    assert enough["choice"]["outlay"] <= 5000
    assert short["choice"] is None
    kinds = [promise["kind"] for promise in short["stuck"]]
    assert "budget" in kinds
    assert len(kinds) < 7, "the smallest set, not all of them"
    assert len(short["ways_out"]) == 3
    outs = {tuple(promise["kind"] for promise in way["promises"]): way for way in short["ways_out"]}
    assert outs["budget",]["becomes"] == [4620]
    # Money is short for three activities, so more than one of them has to wait.
    assert all(way["outlay"] <= 2000 for kinds, way in outs.items() if "budget" not in kinds)
    assert [way["total"] for way in short["ways_out"]] == sorted(way["total"] for way in short["ways_out"])


def test_a_second_administrator_changes_what_survives() -> None:
    one = ("domain-admin: {reaches: {site: primary}}", "domain-admin: {reaches: [{site: primary}, {site: standby}]}")
    two = ("domain-admin: {reaches: {site: primary}}",
           "domain-admin: {reaches: {site: primary}}\n  standby-admin: {reaches: {site: standby}}")  # fmt: skip
    alone, apart = asked(one), asked(two)
    assert alone["choice"] is None, "one stolen account takes both sites, and no promise holds"
    assert apart["choice"]["systems"]["erp-db"] == "pilot"


def test_who_may_declare_decides_whether_anything_helps() -> None:
    both = ("fire: {affects: {site: primary}", "fire: {affects: [{site: primary}, {role: director}, {role: it}]")
    more = ("  workshop: {deputy: director}\n", "  workshop: {deputy: director, may: [declare]}\n")
    assert asked(both)["helpless"]["orders"] == ["fire"]
    assert asked(both, more)["helpless"] == {}


def test_what_people_do_is_shown_and_not_chosen() -> None:
    report = asked(("rto: 30m", "rto: 2d"), ("mtpd: 8h", "mtpd: 5d"))
    # Two days are enough to rent a machine, but no folder can be compiled for that.
    shown = {one["way"]: one for one in report["systems"]["erp-db"]}
    assert shown["restore"]["by_hand"] is True
    assert shown["restore"]["outlay"] < shown["pilot"]["outlay"]
    assert report["choice"]["systems"]["erp-db"] == "pilot"


WITHOUT = """
import sys
sys.modules["numpy"] = sys.modules["highspy"] = None
from bascule.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", str(SAMPLE / "policy.yml")), 0, "nothing found"),
        (("plan", str(SAMPLE / "policy.yml")), 0, "Order of recovery"),
        (("analyse", str(SAMPLE / "policy.yml")), 0, "Atelier"),
        (("check", str(AUTO)), 1, "BC511"),
        (("options", str(SAMPLE / "policy.yml")), 3, 'pip install "bascule[analysis]"'),
    ],
)
def test_without_the_solver_all_else_works(words: tuple[str, ...], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


def test_prices_are_those_of_the_most_particular_line() -> None:
    assert BOOK
    found = BOOK.book.find("machine", provider="hosts", of="files2")
    assert (found and found.id, found and found.per_year) == ("big-machine", 80 * 12)
    other = BOOK.book.find("machine", provider="hosts", of="db2")
    assert (other and other.id, other and other.per_day) == ("standby-machine", 55 * 12 / 365)
    small = BOOK.book.find("machine", provider="aws", size="t3.small", of="db2")
    assert small
    assert small.per_year == pytest.approx(0.022 * 8760)
    assert BOOK.book.find("machine", provider="aws", size="t3.large") is None


def test_what_has_no_price_takes_no_part_and_is_told() -> None:
    assert BOOK
    book = replace(BOOK.book, lines=tuple(line for line in BOOK.book.lines if line.item != "storage"))
    written = (SAMPLE / "policy-aws.yml").read_text(encoding="utf-8")
    assert "copies: {keep: 30d}" in written
    writer = "writer: {access_key: {secret: writer-id}, secret_key: {secret: writer-key}}"
    written = written.replace("copies: {keep: 30d}", f"copies: {{keep: 30d, {writer}}}")
    report = options(build(read_text(written)), book, "showcase")
    assert report["missing"] == ["storage"]
    assert report["choice"]["systems"]["website"] != "restore", "it would be cheaper, but has no price"
    assert "no price of: storage" in " ".join(text.render(report, "en").split())
