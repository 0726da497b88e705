# SPDX-License-Identifier: Apache-2.0
"""Copies of files in a bucket: what is told to machines, what is written down there, which points count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    bucket_age,
    files_agents,
    restic_bucket,
    restic_repository,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bucket

from bascule_runtime import scope

REGION, NAME = "eu-west-3", "bascule-p-copies-1a2b3c4"
WRITER = {"access_key": {"secret": "writer-id"}, "secret_key": {"secret": "writer-key"}}


def job(root: Path, side: str = "primary", endpoint: str = "https://s3.eu-west-3.amazonaws.com", **more: Any) -> Job:
    """A call of the module for files whose copies are in a bucket."""
    system = {
        "id": "docs", "type": "files", "group": "work", "machines": {"primary": "fone", "standby": "ftwo"},
        "addresses": {"primary": "10.0.1.1", "standby": "10.0.2.1"}, "settings": {"paths": [f"{root}/srv/docs"]},
        "protections": [{"by": "restic", "every_s": 600, "keep_s": 86400, "key": {"secret": "k"}, "place": "bucket",
                         "repository": "copies/restic-docs"}],
    }  # fmt: skip
    bucket = {"endpoint": endpoint, "name": NAME, "region": REGION, **more.pop("bucket", {})}
    given = {"serving": side, "secrets": {"k": "secret of the copies"}, **more}
    return Job(system=system, side=side, policy="p", root=str(root), options={"bucket": bucket}, **given)


def test_no_secret_is_on_a_command_line_or_in_what_agents_read(tmp_path: Path) -> None:
    one = job(tmp_path, bucket={"writer": WRITER})
    one.secrets.update({"writer-id": "AKIAEXAMPLE", "writer-key": "a+secret/of=writers"})
    assert restic_bucket.ensure_writer(one)
    kept = Path(one.names.setting("writer"))
    assert (kept.stat().st_mode & 0o777, "aws_access_key_id = AKIAEXAMPLE" in kept.read_text()) == (0o600, True)
    told = json.dumps(files_agents.configuration(one))
    assert "s3:https://s3.eu-west-3.amazonaws.com/bascule-p-copies-1a2b3c4/copies/restic-docs" in told
    assert not any(secret in told for secret in ("AKIAEXAMPLE", "a+secret/of=writers", "secret of the copies"))
    # Told once, it stays: later steps know no secret of the writer.
    assert not restic_bucket.ensure_writer(job(tmp_path))
    assert "prune" not in files_agents.configuration(one)
    assert "/dev/null" in " ".join(restic_repository.argv(job(tmp_path, "standby")))


@pytest.mark.parametrize(
    "wrong",
    [{"name": None}, {"name": "a b"}, {"endpoint": "file:///etc"}, {"endpoint": "https://a/b -o x"}, {"region": "x;y"}],
)
def test_what_is_no_bucket_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(TroubleError, match="Nobody here knows the bucket"):
        restic_repository.argv(job(tmp_path, bucket=wrong))


@pytest.mark.parametrize("half", ["", "two words", "a\nb", "[other]"])
def test_what_is_no_access_key_is_not_written_down(tmp_path: Path, half: str) -> None:
    one = job(tmp_path, bucket={"writer": WRITER})
    one.secrets.update({"writer-id": "AKIAEXAMPLE", "writer-key": half})
    with pytest.raises(TroubleError, match="writer-id and writer-key are no access key"):
        restic_bucket.ensure_writer(one)


def test_points_that_a_primary_made_after_it_was_left_do_not_count(tmp_path: Path) -> None:
    standby = job(tmp_path, "standby")
    assert restic_bucket.counts(standby, 20.0, ["serving=primary"])
    standby.take_over()
    since = float(standby.state()["since"])
    assert restic_bucket.counts(standby, since - 1, ["serving=primary"])
    assert not restic_bucket.counts(standby, since + 1, ["serving=primary"])
    assert restic_bucket.counts(standby, since + 1, ["serving=standby"])


@pytest.mark.parametrize("side", ["primary", "standby"])
def test_who_makes_copies_reports_their_age(tmp_path: Path, side: str) -> None:
    monitoring = "https://monitoring.eu-west-3.amazonaws.com"
    one = job(tmp_path, side, bucket={"reporter": "the program", "monitoring": monitoring})
    assert bucket_age.lay(one)
    assert not bucket_age.lay(one)
    assert not bucket_age.lay(job(tmp_path, side)), "later steps bring none, and take none away"
    assert Path(f"{tmp_path}{bucket_age.PROGRAM}").read_text() == "the program"
    told = json.loads(Path(one.names.setting("age.json")).read_text())
    # A machine of the site has a role; the office's has the writer's key, in a file of its own.
    assert told.pop("keys") == (one.names.setting("writer") if side == "primary" else None)
    states = {"docs": one.names.kept("copy.json")}
    assert told == {"region": REGION, "policy": "p", "endpoint": monitoring, "states": states}
    units = files_agents.unit_texts(one)
    command = f"ExecStart=/usr/bin/python3 -I {bucket_age.PROGRAM} {one.names.setting('age.json')}\n"
    assert command in units["bascule-age-p-docs.service"]
    assert "OnUnitActiveSec=300s" in units["bascule-age-p-docs.timer"]


def test_copies_on_a_machine_are_not_reported_by_their_maker(tmp_path: Path) -> None:
    one = job(tmp_path)
    one.system["protections"][0].update(place="machine", repository="/var/lib/bascule/copies/p/docs")
    assert not [name for name in files_agents.unit_texts(one) if "-age-" in name]


def plan(writer: Any = WRITER) -> dict[str, Any]:
    cloud = {"region": REGION, "copies": {"keep_s": 86400, "writer": writer}}
    return {"machines": {"ftwo": {"site": "standby"}}, "sites": {"standby": {"cloud": cloud}}}


def test_the_controller_names_the_writers_secrets_for_one_step_and_one_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in {*_bucket.ENDPOINTS, *_bucket.MONITORING}:
        monkeypatch.delenv(name, raising=False)
    system = job(tmp_path).system
    outputs = {"schema": "bascule/outputs/v1", "bucket": {"name": NAME}, "identities": {"writer": "arn:…:user/who"}}
    (tmp_path / "outputs").mkdir()
    (tmp_path / _bucket.REPORTER).parent.mkdir(parents=True)
    (tmp_path / _bucket.REPORTER).write_text("the program")
    (tmp_path / "outputs/standby.json").write_text(json.dumps(outputs))

    def bucket(step: str, side: str) -> dict[str, Any]:
        given = {"step": step, "side": side, "system": system, "options": {"last": True}}
        options = _bucket.told(given, plan(), tmp_path)["options"]
        assert options["last"]
        return dict(options["bucket"])

    plain = {"endpoint": "https://s3.eu-west-3.amazonaws.com", "name": NAME, "region": REGION}
    laid = {**plain, "reporter": "the program", "monitoring": "https://monitoring.eu-west-3.amazonaws.com"}
    assert bucket("prepare", "primary") == {**laid, "writer": WRITER}
    assert bucket("prepare", "standby") == laid
    assert bucket("protect", "primary") == bucket("recover", "standby") == plain
    ask = {"step": "prepare", "side": "primary", "system": system}
    assert "--user-name who." in _bucket.advice(ask, plan(), tmp_path, "writer-key: the file x is empty")
    assert _bucket.advice(ask, plan(), tmp_path, "k: the file x is empty") == ""
    elsewhere = {"system": {"protections": [{"by": "restic", "place": "machine"}]}}
    assert _bucket.told(elsewhere, plan(), tmp_path) == elsewhere


@pytest.mark.parametrize(("place", "sides"), [("bucket", ["primary", "standby"]), ("machine", ["standby", "standby"])])
def test_points_are_listed_where_they_can_be_read(tmp_path: Path, place: str, sides: list[str]) -> None:
    system = {**job(tmp_path).system, "protections": [{"by": "restic", "place": place}]}
    unit = {"id": "system.docs", "kind": "system", "subject": "docs", "after": []}
    whole = {"units": [unit], "systems": {"docs": system}, "policy": {"id": "p"}, "activities": {}, "machines": {}}
    assert [scope.view(whole, "system.docs", side)["points_site"] for side in ("primary", "standby")] == sides
