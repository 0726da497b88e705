# SPDX-License-Identifier: Apache-2.0
"""Whole runs of a firm whose standby is built in a cloud; the bridge to the cloud and the systems are doubles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cloud_firm import BOTH, LATE, CloudFirm
from conftest import ended
from firm import Firm

Make = Callable[..., CloudFirm]
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
SECRETS = ("s3cr3t-of-the-double", "s3cr3t-of-the-state")
UNREACHABLE = {"fail": {"reason": "state", "msg": "The state of the standby cannot be read (connection refused)."}}


def words(firm: CloudFirm) -> dict[str, str]:
    return {entry["id"]: entry["word"] for entry in firm.report()["activities"]}


def did(firm: CloudFirm, step: str) -> list[str]:
    return [line["machine"] for line in firm.done() if line["step"] == step]


def asked(firm: CloudFirm) -> list[tuple[str, str | None]]:
    return [(line["do"], line["phase"]) for line in firm.asked()]


def no_secret_in(firm: CloudFirm, *outputs: str) -> None:
    key = (firm.home / "ssh-key").read_text().splitlines()[1]
    assert not [path for path in firm.folder.rglob("*") if path.is_file() and key in path.read_text(errors="replace")]
    for path in firm.folder.rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert not [secret for secret in SECRETS if secret in text], path
    assert not [secret for secret in SECRETS for text in outputs if secret in text]


def journal_is_valid(firm: CloudFirm) -> None:
    schema = json.loads((ROOT / "schemas/journal/v1.schema.json").read_text())
    for event in firm.journal():
        jsonschema.validate(event, schema)


@pytest.mark.full
def test_there_home_and_away(cloud_firm: Make) -> None:
    made = cloud_firm(cloud={"up": {"says": "the passphrase is {}", "note": "An earlier run was cut off."}})
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert words(made) == {"orders": "usable", "drawings": "usable"}
    # Shown, then built; what was missing is prepared before it serves, what ran already is not.
    assert asked(made) == [("preview", "activate"), ("up", "activate")]
    assert [line["passphrase"] for line in made.asked()] == [True, True]
    assert [line["other"] for line in made.asked()] == [[], []]
    assert did(made, "alone") == ["app2"]
    assert did(made, "recover") == ["files2", "db2", "app2"] or set(did(made, "recover")) == {"db2", "app2", "files2"}
    report = made.report()
    jsonschema.validate(report, json.loads((ROOT / "schemas/report/v1.schema.json").read_text()))
    journal_is_valid(made)
    actions = report["cloud"]["actions"]
    assert [(entry["action"], entry["word"]) for entry in actions] == [
        ("previewed", "simulated"),
        ("present", "simulated"),
    ]
    assert "cloud_simulated" in {entry["code"] for entry in report["unverified"]}
    assert "An earlier run was cut off." in report["notes"]
    assert "simulated: provider: double" in output
    assert json.loads((made.folder / "outputs/standby.json").read_text())["phase"] == "activate"
    assert (made.folder / "outputs/standby.json").stat().st_mode & 0o777 == 0o600
    no_secret_in(made, output)

    code, output = made.run("dr-teardown.yml")
    assert code == 2
    assert "The standby serves" in output
    assert "destroy" not in {do for do, _phase in asked(made)}

    code, output = made.run("dr-failback.yml")
    assert code == 0, output
    assert made.asked()[-1]["fall"]
    assert asked(made)[-1] == ("up", "protect")
    assert not (made.root / "app2/there").exists()
    assert made.report()["silent"] == []
    assert made.report()["cloud"]["absent"] == ["app2"]

    # Nobody misses what is not there by the plan.
    code, output = made.run("dr-failback.yml")
    assert code == 0, output
    code, output = made.run("dr-teardown.yml")
    assert code == 0, output
    assert asked(made)[-2:] == [("destroy", None), ("left", None)]
    assert not (made.folder / "outputs/standby.json").exists()
    no_secret_in(made, output)


@pytest.mark.full
def test_one_that_is_activated_stays_so_until_all_of_it_is_home(cloud_firm: Make) -> None:
    made = cloud_firm()
    assert made.run("dr-activate.yml")[0] == 0
    code, output = made.run("dr-failback.yml", "-e", "only=drawings")
    assert code == 0, output
    assert asked(made)[-1] == ("up", "activate")
    assert (made.root / "app2/there").exists()
    assert any("The standby stays as it is" in note for note in made.report()["notes"])


@pytest.mark.full
def test_a_policy_of_hosts_alone_has_nothing_to_do_with_it(firm: Callable[..., Firm]) -> None:
    made = firm()
    code, output = made.run("dr-activate.yml", "-e", "only=drawings")
    assert code == 0, output
    tasks = [event for event in made.journal() if event["event"] == "task"]
    assert [event for event in tasks if event["phase"] == "site"] == []
    plays = [event["name"] for event in made.journal() if event["event"] == "phase"]
    # Plays without hosts do not begin: none of those that a site in a cloud needs.
    assert not [name for name in plays if "standby site" in name or "that were built" in name or "nothing yet" in name]
    newest = max((made.folder / "runs").glob("*/report.json"), key=lambda path: path.stat().st_mtime_ns)
    assert "cloud" not in json.loads(newest.read_text())
    code, output = made.run("dr-sweep.yml", "-e", "everything=yes")
    assert code == 2
    assert "nothing to sweep" in output


@pytest.mark.full
def test_without_engine_or_state_what_runs_is_enough_for_what_it_holds(cloud_firm: Make) -> None:
    made = cloud_firm(cloud={"preview": UNREACHABLE})
    (made.folder / "outputs").mkdir()
    (made.folder / "outputs/standby.json").write_text(
        json.dumps({"schema": "bascule/outputs/v1", "phase": "protect", "machines": {}})
    )
    code, output = made.run("dr-activate.yml")
    assert code == 2
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    states = ended(made.journal())
    assert (states["system.app"], states["system.db"]) == ("blocked", "done")
    report = made.report()
    orders = next(entry for entry in report["activities"] if entry["id"] == "orders")
    assert any("its machine app2 is not there" in text and "connection refused" in text for text in orders["why"])
    assert any("outputs/standby.json" in note and "could not be built" in note for note in report["notes"])
    assert [entry["action"] for entry in report["cloud"]["actions"]] == ["previewed", "saved"]
    assert [entry["word"] for entry in report["cloud"]["actions"]] == ["failed", "asked"]
    assert "cloud_saved" in {entry["code"] for entry in report["unverified"]}
    assert "saved outputs used" in output


@pytest.mark.full
def test_without_saved_outputs_either_what_answers_is_used(cloud_firm: Make) -> None:
    made = cloud_firm(cloud={"preview": UNREACHABLE}, runs_in=dict.fromkeys(("db2", "app2", "files2"), BOTH),
                      built=("db2", "app2", "files2"))  # fmt: skip
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert words(made) == {"orders": "usable", "drawings": "usable"}
    assert any("Nothing was saved before" in note for note in made.report()["notes"])
    assert did(made, "alone") == []


@pytest.mark.full
def test_one_machine_that_cannot_be_made_blocks_only_what_needs_it(cloud_firm: Make) -> None:
    failed = {"spared": ["app2"], "fail": {"reason": "error", "msg": "The engine failed: app2: InsufficientCapacity."}}
    made = cloud_firm(cloud={"up": failed})
    code, _output = made.run("dr-activate.yml")
    assert code == 2
    assert made.asked()[-1]["go_on"]
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    why = [text for entry in made.report()["activities"] for text in entry["why"]]
    assert any("InsufficientCapacity" in text for text in why)


@pytest.mark.full
def test_nothing_that_may_hold_copies_is_replaced_in_a_disaster(cloud_firm: Make) -> None:
    lost = {"op": "replace", "urn": "urn:x::atelier-db2", "type": "aws:ec2/instance:Instance"}
    made = cloud_firm(cloud={"preview": {"steps": [lost]}})
    code, output = made.run("dr-activate.yml")
    assert code == 2
    assert asked(made) == [("preview", "activate")]
    assert "would remove or replace atelier-db2" in output
    assert words(made)["drawings"] == "usable"


@pytest.mark.full
def test_a_replaced_rule_is_no_loss(cloud_firm: Make) -> None:
    rule = {"op": "replace", "urn": "urn:x::rule", "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}
    made = cloud_firm(cloud={"preview": {"steps": [rule]}})
    assert made.run("dr-activate.yml", "-e", "only=drawings")[0] == 0
    assert asked(made)[-1] == ("up", "activate")


def test_check_mode_shows_and_touches_nothing(cloud_firm: Make) -> None:
    made = cloud_firm()
    code, output = made.run("dr-activate.yml", "--check", "--diff")
    assert code == 0, output
    assert {do for do, _phase in asked(made)} == {"preview"}
    assert not (made.root / "app2/there").exists()
    assert words(made) == {"orders": "simulated", "drawings": "simulated"}
    assert made.report()["silent"] == []
    assert "+ aws:ec2/instance:Instance app2" in output
    assert did(made, "recover") == []


@pytest.mark.full
def test_without_the_passphrase_an_activation_goes_on_and_a_build_does_not(cloud_firm: Make) -> None:
    made = cloud_firm()
    code, _output = made.run("dr-build.yml", DOUBLE_PASSPHRASE="")
    assert code == 2
    assert made.asked() == []
    assert made.done() == []
    code, output = made.run("dr-activate.yml", DOUBLE_PASSPHRASE="")
    assert code == 2
    assert words(made) == {"orders": "blocked", "drawings": "usable"}
    assert "Nothing can be built in the cloud: stack-passphrase" in output
    assert made.asked() == []


@pytest.mark.full
def test_a_build_does_not_wait_for_what_an_activation_needs(cloud_firm: Make) -> None:
    made = cloud_firm(built=())
    code, output = made.run("dr-build.yml")
    # Of the invented firm the observer's service cannot be started here; all else is done.
    problems = [text for text in made.report()["problems"] if not text.startswith("outside: ")]
    assert problems == [], output
    assert code == 2
    assert asked(made) == [("up", "protect")]
    assert sorted(path.parent.name for path in made.root.glob("*/there")) == ["db2", "files2"]
    assert "app2" not in {line["machine"] for line in made.done()}
    assert {"db2", "files2"} <= set(did(made, "prepare"))
    assert made.report()["silent"] == []


@pytest.mark.full
def test_status_says_what_would_keep_an_activation_from_being_built(cloud_firm: Make) -> None:
    made = cloud_firm()
    code, output = made.run("dr-status.yml")
    assert code == 0, output
    assert asked(made) == [("status", None), ("preview", "activate")]
    assert made.report()["cloud"]["account"]["processors"]["free"] == 30
    made.behave_in_cloud(problems=["The image of app2 (debian-12-*) is not there any more."])
    code, output = made.run("dr-status.yml")
    assert code == 2
    assert "The image of app2" in " ".join(made.report()["problems"])
    made.behave_in_cloud(preview={"fail": {"reason": "no-plugin", "msg": "A plugin of Pulumi is missing here."}})
    code, output = made.run("dr-status.yml")
    assert code == 2
    assert "A plugin of Pulumi is missing here." in " ".join(made.report()["problems"])


@pytest.mark.full
def test_a_teardown_names_what_is_left_and_what_it_costs(cloud_firm: Make) -> None:
    volume = {"kind": "volume", "id": "vol-1", "name": "by hand", "a_day": 0.31, "size_gib": 100}
    bucket = {"kind": "bucket", "id": "copies", "name": "", "a_day": 0.1, "locked_until": "2026-12-31", "copies": 7}
    made = cloud_firm(cloud={"things": [volume, bucket]})
    code, output = made.run("dr-teardown.yml")
    assert code == 2
    problems = " ".join(made.report()["problems"])
    assert "volume vol-1 (by hand) is left, 0.31 USD a day" in problems
    assert "7 copies are locked until 2026-12-31" in problems
    assert "0.41 USD" in output


@pytest.mark.full
def test_a_standby_that_nobody_looked_at_is_not_destroyed(cloud_firm: Make) -> None:
    made = cloud_firm()
    (made.folder / "outputs").mkdir()
    outputs = {"schema": "bascule/outputs/v1", "machines": {"db2": {"instance": "i-1"}, "files2": {"instance": "i-2"}}}
    (made.folder / "outputs/standby.json").write_text(json.dumps(outputs))
    (made.root / "db2/there").unlink()
    code, output = made.run("dr-teardown.yml", BASCULE_DECLARE="")
    assert code == 2
    assert "whether users work at the standby" in " ".join(output.split())
    assert "destroy" not in {do for do, _phase in asked(made)}
    (made.root / "db2/there").touch()
    code, output = made.run("dr-teardown.yml", BASCULE_DECLARE="")
    assert code == 0, output
    assert [line["home"] for line in made.asked() if line["do"] == "destroy"] == [True]


@pytest.mark.full
def test_who_looked_at_no_machine_leaves_it_to_the_state_whether_there_is_one(cloud_firm: Make) -> None:
    made = cloud_firm()
    (made.folder / "outputs").mkdir()
    (made.folder / "outputs/standby.json").write_text(json.dumps({"schema": "bascule/outputs/v1", "machines": {}}))
    code, output = made.run("dr-teardown.yml", BASCULE_DECLARE="")
    assert code == 0, output
    assert made.run("dr-teardown.yml")[0] == 0
    assert [line["home"] for line in made.asked() if line["do"] == "destroy"] == [False, True]


@pytest.mark.parametrize(
    ("driver", "arguments", "sentence"),
    [
        ("dr-sweep.yml", [], "Say what is to go"),
        ("dr-sweep.yml", ["-e", "drills=all"], "Say what is to go"),
        ("dr-sweep.yml", ["-e", "drills=expired", "-e", "everything=yes"], "Say what is to go"),
        ("dr-activate.yml", ["-e", "drills=expired"], "is for dr-sweep.yml alone"),
    ],
)
def test_a_wish_that_is_not_clear(cloud_firm: Make, driver: str, arguments: list[str], sentence: str) -> None:
    made = cloud_firm()
    code, output = made.run(driver, *arguments)
    assert code == 2
    assert sentence in output
    assert made.asked() == []


@pytest.mark.full
def test_a_sweep_asks_for_what_it_was_told(cloud_firm: Make) -> None:
    made = cloud_firm()
    code, output = made.run("dr-sweep.yml", "-e", "drills=expired")
    assert code == 0, output
    assert asked(made) == [("sweep", None), ("left", None)]
    assert made.asked()[0]["wish"] == {"drills": True, "everything": False}
    assert made.asked()[0]["home"] is True
    assert made.run("dr-sweep.yml", "-e", "drills=expired", BASCULE_DECLARE="")[0] == 0
    assert made.asked()[2]["home"] is False
    assert made.run("dr-activate.yml")[0] == 0
    code, output = made.run("dr-sweep.yml", "-e", "everything=yes")
    assert code == 2
    assert "The standby serves" in output
    assert "sweep" not in {do for do, _phase in asked(made)[4:]}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("evil.yml", "x", "no run puts that there"),
        ("known_hosts", "127.0.0.1 ssh-ed25519 AAAA\n", "no machine that is built"),
        ("known_hosts", "* ssh-ed25519 AAAA\n", "no machine that is built"),
    ],
)
def test_what_is_not_compiled_is_looked_at_too(cloud_firm: Make, name: str, text: str, sentence: str) -> None:
    made = cloud_firm()
    (made.folder / "outputs").mkdir()
    (made.folder / "outputs" / name).write_text(text)
    code, output = made.run("dr-status.yml")
    assert code == 2
    assert sentence in output
    assert made.asked() == []


@pytest.mark.full
def test_a_pin_of_a_machine_that_is_built_is_let_alone(cloud_firm: Make) -> None:
    made = cloud_firm()
    (made.folder / "outputs").mkdir()
    port = made.coming["app2"].port
    (made.folder / "outputs/known_hosts").write_text(f"[127.0.0.1]:{port} ssh-ed25519 AAAA\n")
    code, output = made.run("dr-status.yml")
    assert code == 0, output


@pytest.mark.full
def test_cold_machines_are_all_made_when_they_are_needed(cloud_firm: Make) -> None:
    made = cloud_firm(built=(), runs_in=dict.fromkeys(("db2", "app2", "files2"), LATE))
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert sorted(did(made, "alone")) == ["app2", "db2", "files2"]


@pytest.mark.full
def test_a_machine_that_is_missed_has_the_cloud_asked_whether_it_is_there(cloud_firm: Make) -> None:
    made = cloud_firm(built=("files2",))
    code, output = made.run("dr-activate.yml")
    assert code == 0, output
    assert [line["refresh"] for line in made.asked()] == [True, True]
    assert sorted(did(made, "alone")) == ["app2", "db2"]


def inventory(firm: CloudFirm, host: str, *flags: str) -> tuple[dict[str, Any], str]:
    import subprocess
    import sys

    program = Path(sys.executable).with_name("ansible-inventory")
    ended_ = subprocess.run([str(program), "--host", host, *flags], cwd=firm.folder, env=firm.environment(),
                            capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    return json.loads(ended_.stdout[ended_.stdout.index("{"):]), ended_.stdout + ended_.stderr


def test_the_inventory_learns_what_was_built(cloud_firm: Make) -> None:
    made = cloud_firm()
    found, said = inventory(made, "db2")
    assert "bascule_instance" not in found
    assert "Nothing is known of a standby" not in said
    assert "Nothing is known of a standby" in inventory(made, "db2", "-v")[1]
    outputs = {"schema": "bascule/outputs/v1", "machines": {
        "db2": {"instance": "i-0123456789abcdef0", "public": "198.51.100.7"},
        "files2": {"instance": "{{ lookup('pipe', 'touch /tmp/x') }}", "public": None},
        "db1": {"instance": "i-0123456789abcdef1", "public": "198.51.100.8"},
        "stranger": {"instance": "i-0123456789abcdef2", "public": None}}}  # fmt: skip
    (made.folder / "outputs").mkdir()
    (made.folder / "outputs/standby.json").write_text(json.dumps(outputs))
    found, _said = inventory(made, "db2")
    assert (found["bascule_instance"], found["bascule_public"]) == ("i-0123456789abcdef0", "198.51.100.7")
    for other in ("files2", "db1"):
        assert not {"bascule_instance", "bascule_public"} & set(inventory(made, other)[0])
    (made.folder / "outputs/standby.json").write_text("{broken")
    assert "bascule_instance" not in inventory(made, "db2")[0]
