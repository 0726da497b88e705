# SPDX-License-Identifier: Apache-2.0
"""Rules where the examples of findings are not enough: what they must let pass, and what they must follow."""

from __future__ import annotations

import gc
import time
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from bascule.diagnostics import Findings, render
from bascule.language import load, load_text
from bascule.policy import Policy

POLICIES = Path(__file__).parents[1] / "policies"
SAMPLE = (POLICIES / "valid" / "atelier.yml").read_text(encoding="utf-8")


def codes(*changes: tuple[str, str]) -> list[str]:
    """The codes that the sample gives after these changes of its text."""
    text = SAMPLE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    try:
        return [item.code for item in load_text(text).warnings]
    except Findings as found:
        return [item.code for item in found.diagnostics]


def sample() -> Policy:
    """The sample as a policy."""
    return load_text(SAMPLE)


def test_frozen() -> None:
    policy = sample()
    with pytest.raises(FrozenInstanceError):
        policy.systems["erp"].type = "files"  # type: ignore[misc]


def test_values_and_places() -> None:
    policy = sample()
    assert policy.activities["orders"].target.rto_s == 1800
    assert policy.systems["documents"].size_bytes == 80 * 2**30
    assert policy.systems["documents"].settings == {"paths": ["/srv/documents"]}
    line, column = policy.where("systems", "erp-db", "size")
    assert SAMPLE.splitlines()[line - 1][column - 1 :].startswith("size: 20GiB")


def test_name_server_that_is_recovered_itself() -> None:
    at_primary = ("server: 10.99.3.53", "server: 10.99.1.13")
    assert codes(at_primary) == []
    assert codes(at_primary, ("files1: {address: 10.99.1.13}", "files1: {address: 10.99.1.14}")) == ["BC333"]


@pytest.mark.parametrize(
    "affects",
    [
        "{site: primary}",
        "{hazard: flood}",
        "{machine: db1}",
        "{system: erp-db}",
        "{account: domain-admin}",
        "{supplier: telecom}",
        "[{machine: app1}, {supplier: telecom}]",
    ],
)
@pytest.mark.parametrize("mode", ["compromise", "corruption"])
def test_damage_reaches_a_system_in_every_way(affects: str, mode: str) -> None:
    live_only = (
        "      - {by: pgbackrest, every: 1h, archive: 5m, full_every: 7d, keep: 30d, key: {secret: copies-key}}\n",
        "",
    )
    supplier = ("risks:\n", "suppliers:\n  telecom: {provides: {account: domain-admin}}\nrisks:\n")
    damage = ("{account: domain-admin}, mode: compromise", f"{affects}, mode: {mode}")
    assert codes(live_only, supplier, damage) == ["BC314"]


def test_loss_is_told_for_each_activity_and_system() -> None:
    assert codes(("target: {rto: 2h, rpo: 15m}", "target: {rto: 2h, rpo: 10m}")) == ["BC313"]
    assert codes(("target: {rto: 4h, rpo: 1d}", "target: {rto: 4h, rpo: 5m}")) == ["BC313", "BC313"]


def test_paths_that_only_look_alike() -> None:
    assert codes(("paths: [/srv/documents]", "paths: [/srv/documents, /srv/documents-old, /srv/doc]")) == []
    assert codes(("paths: [/srv/documents]", "paths: [/srv/documents/old, /srv/documents]")) == ["BC343"]


def test_owner_without_roles_is_a_word() -> None:
    start, end = SAMPLE.index("roles:\n"), SAMPLE.index("secrets:\n  ssh-key")
    assert load_text(SAMPLE[:start] + SAMPLE[end:]).warnings == ()


def test_accounts_that_reach_each_other_end() -> None:
    circle = ("{reaches: {site: primary}}", "{reaches: [{account: domain-admin}, {site: primary}]}")
    assert codes(circle) == []


def test_link_that_leaves_the_folder(tmp_path: Path) -> None:
    policy = (POLICIES / "invalid" / "BC304-file-missing.yml").read_text(encoding="utf-8")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "sell.py").write_text("")
    folder = tmp_path / "firm"
    (folder / "roles" / "till").mkdir(parents=True)
    (folder / "checks").symlink_to(outside)
    (folder / "policy.yml").write_text(policy, encoding="utf-8")
    with pytest.raises(Findings) as raised:
        load(folder / "policy.yml")
    assert [item.code for item in raised.value.diagnostics] == ["BC305"]


def test_reports() -> None:
    text = SAMPLE.replace("rto: 30m", "rto: 30").replace("id: atelier", 'id: "a\\e[31m::error\\n"')
    with pytest.raises(Findings) as raised:
        load_text(text, file="a,b:c.yml")
    found = raised.value.diagnostics
    for form in ("text", "json", "github"):
        assert "\x1b" not in render(found, form)
    github = render(found, "github").splitlines()
    assert len(github) == len(found) == 2
    assert github[0].startswith("::error file=a%2Cb%3Ac.yml,line=5,col=7,title=BC208::")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("key: {secret: dns-key}", "key: hunter2"),
        ("key: {secret: dns-key}", "key: {secret: Hunter-hunter2!}"),
        ("key: {secret: dns-key}", "key: [hunter2]"),
        ("dns-key: {env: BASCULE_DNS_KEY}", "dns-key: hunter2"),
        ("dns-key: {env: BASCULE_DNS_KEY}", "dns-key: {env: hunter2}"),
        ("dns-key: {env: BASCULE_DNS_KEY}", "dns-key: {vault: [hunter2]}"),
        ("http://erp.atelier.test", "http://me:hunter2@erp.atelier.test"),
        ("key: {secret: dns-key}", "password: hunter2"),
    ],
)
def test_a_secret_in_the_policy_is_not_repeated(before: str, after: str) -> None:
    with pytest.raises(Findings) as raised:
        load_text(SAMPLE.replace(before, after, 1))
    for form in ("text", "json", "github"):
        assert "hunter2" not in render(raised.value.diagnostics, form)


def large(count: int) -> str:
    """The text of a policy with so many file servers and as many activities."""
    rows = range(count)
    activity = (
        "  a{0}:\n    name: x\n    need: {{mtpd: 1d, pdma: 4h}}\n    target: {{rto: 4h, rpo: 30m}}\n    uses: [s{0}]\n"
        '    usable_when:\n      - http: {{url: "http://www.example.test/", expect: 200}}\n'
    )
    system = (
        "  s{0}:\n    type: files\n    runs_on: {{primary: p{0}, standby: q{0}}}\n    paths: [/srv/documents]\n"
        "    size: 80GiB\n    protect:\n"
        "      - {{by: restic, every: 10m, keep: 30d, key: {{secret: ssh-key}}}}\n"
    )
    sections = [
        "bascule: v1\norganisation: {id: many, name: Many}\nactivities:\n",
        *(activity.format(i) for i in rows),
        "systems:\n",
        *(system.format(i) for i in rows),
        "sites:\n  primary:\n    provider: hosts\n    machines:\n",
        *(f"      p{i}: {{address: 10.1.{i // 250}.{i % 250}}}\n" for i in rows),
        "  standby:\n    provider: hosts\n    machines:\n",
        *(f"      q{i}: {{address: 10.2.{i // 250}.{i % 250}}}\n" for i in rows),
        "connection: {user: dr, key: {secret: ssh-key}}\ncontrollers: {c: {at: standby}}\nobservers: {q0: {}}\n",
        "switch: {manual: {say: x, limit: 1h}}\nsecrets: {ssh-key: {file: ~/k}}\n",
    ]
    return "".join(sections)


def checked_s(count: int) -> float:
    """Processor time of the quickest of three checks of a policy with so many systems."""
    text, taken = large(count), []
    for _ in range(3):
        began = time.process_time()
        policy = load_text(text)
        taken.append(time.process_time() - began)
        assert len(policy.systems) == count
    return min(taken)


@pytest.mark.slow
def test_four_times_the_policy_takes_about_four_times_as_long() -> None:
    # Looking for circles takes longer the more the tests before this one have left in memory.
    gc.disable()
    try:
        # Sixteen times as long if something looks through all of it for each system.
        assert checked_s(800) / checked_s(200) < 9
    finally:
        gc.enable()
