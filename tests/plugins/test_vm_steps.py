# SPDX-License-Identifier: Apache-2.0
"""What the steps of a virtual machine decide, with a double of the hypervisor's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_protect,
    machine_files,
    machine_run,
    restic_repository,
    units_systemd,
    vm_agents,
    vm_inside,
    vm_job,
    vm_points,
    vm_protect,
    vm_recover,
    vm_return,
    vm_status,
    vm_steps,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

from bascule.language import load
from bascule.plan import to_json
from bascule.planner import make_plan

ROOT = Path(__file__).parents[2]
PLAN = to_json(make_plan(load(ROOT / "examples" / "atelier-vm" / "policy.yml")))


class Host:
    """Answers to requests: a value, or what raises; remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        look = {"state": "shut off", "guarded": True, "released": True, "agent": "", "laid": None}
        self.answers: dict[str, Any] = {"look": look, "start": "started", "stop": "shut down", **answers}
        self.asked: list[str] = []

    def __call__(self, do: str, limit_s: float = 300, **more: Any) -> Any:
        self.asked.append(do if do != "lay" else f"lay {more['point']}")
        found = self.answers.get(do, True)
        if callable(found):
            found = found(**more)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a job; nothing of systemd, SSH or users of this computer is touched."""
    did: list[str] = []
    for module, names in (
        (vm_agents, ("ensure", "serve", "stand_down", "read_back")),
        (files_protect, ("let_copies_in", "let_tree_out", "prepare_standby")),
    ):
        for name in names:
            told = lambda job, *rest, name=name: did.append(" ".join([name, *map(str, rest)]))  # noqa: E731
            monkeypatch.setattr(module, name, told)
    monkeypatch.setattr(machine_run, "run", lambda argv, **_: machine_run.Ended(0, "", ""))
    monkeypatch.setattr(vm_return.files_agents, "install_runtime", lambda job: None)
    monkeypatch.setattr(units_systemd, "run_always", lambda unit, *_: False)
    monkeypatch.setattr(vm_recover.units_answers, "wait", lambda *_: 0.1)

    def make(host: Host, system: str = "intranet", side: str = "standby", serving: str = "standby", **more: Any) -> Any:
        job = vm_job.Job(system=json.loads(json.dumps(PLAN["systems"][system])), side=side, serving=serving,
                         policy="p", root=str(tmp_path), **more)  # fmt: skip
        monkeypatch.setattr(vm_job.Job, "ask", lambda _, do, *limit, **words: host(do, *limit, **words))
        machine_files.folder(job.names.var)
        job.did_outside = did
        return job

    return make


def points(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    """Points in the repository, newest first, an hour apart."""
    found = [{"id": id_, "at": 2e9 - 3600 * number, "by": "image", "kind": "snapshot", "bytes": None, "verified": False,
              "consistent": "agent"} for number, id_ in enumerate(ids)]  # fmt: skip
    monkeypatch.setattr(vm_points, "listed", lambda job: found)


def test_recovery_restores_defines_releases_and_only_then_starts(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa", "bbbbbbbb")
    host = Host()
    job = made(host, run={"id": "r1"})
    result = vm_recover.recover(job)
    assert host.asked == ["look", "lay aaaaaaaa", "stand", "release", "start"]
    assert (result["word"], result["evidence"]["strategy"]) == ("answering", "restored")
    assert result["notes"] == []
    assert job.serves_already()
    assert "let_copies_in False" in job.did_outside, "the primary is shut out before anything begins"


def test_recovery_that_cannot_end_well_is_not_begun(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa")
    host = Host(problems=["This host has no network br7, which stands for br0."])
    job = made(host, run={"id": "r1"})
    job.save(holds={"disks": []})
    with pytest.raises(TroubleError, match="cannot run on host2, and nothing was begun: This host has no network br7"):
        vm_recover.recover(job)
    assert host.asked == ["problems"]
    assert job.did_outside == []
    assert not job.serves_already()


def test_ready_image_is_started_at_once(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa")
    look = {"state": "absent", "guarded": True, "released": False, "agent": None, "laid": {"id": "aaaaaaaa"}}
    host = Host(look=look)
    result = vm_recover.recover(made(host, run={"id": "r1"}))
    assert result["evidence"]["strategy"] == "instant"
    assert not [do for do in host.asked if do.startswith("lay")]


def test_newest_whole_copy_is_taken_and_what_is_lost_is_said(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa", "bbbbbbbb", "cccccccc")
    wrong = vm_job.DamagedError("host2: its chain is damaged.")
    host = Host(lay=lambda point: wrong if point != "bbbbbbbb" else {})
    job = made(host, run={"id": "r1"})
    result = vm_recover.recover(job)
    assert result["evidence"]["point"]["id"] == "bbbbbbbb"
    assert "1 newer copy of intranet could not be read back (aaaaaaaa: host2: its chain is dam" in result["notes"][0]
    assert "bbbbbbbb was taken instead" in result["notes"][0]
    assert "is lost" in result["notes"][0]
    assert [one["id"] for one in vm_points.candidates(job)] == ["bbbbbbbb", "cccccccc"], "it is remembered"


def test_copy_that_was_named_is_taken_or_none(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa", "bbbbbbbb")
    host = Host(lay=vm_job.DamagedError("host2: it is damaged."))
    with pytest.raises(TroubleError, match=r"No copy of intranet could be read back \(bbbbbbbb\)"):
        vm_recover.recover(made(host, run={"id": "r1", "point": "bbbbbbbb"}))
    assert "start" not in host.asked


def test_compromise_needs_a_moment(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa")
    with pytest.raises(TroubleError, match="Choose a moment before it"):
        vm_recover.recover(made(Host(), run={"id": "r1", "scenario": {"mode": "compromise"}}))


def test_second_run_changes_nothing(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, "aaaaaaaa")
    job = made(Host(), run={"id": "r1"})
    vm_recover.recover(job)
    host = Host(start="ran already")
    again = made(host, run={"id": "r2"})
    assert vm_recover.recover(again)["evidence"]["strategy"] == "already"
    assert (host.asked, again.changes) == (["release", "start"], [])


def test_guest_is_stopped_before_its_last_copy_and_released_no_more(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    host = Host()
    said = {"snapshot": "dddddddd", "at": 1.0}
    monkeypatch.setattr(vm_agents, "copy_now", lambda job, _: copied.append(",".join(host.asked)) or said)
    job = made(host, side="primary", options={"mode": "stop", "last": True}, run={"id": "r1"})
    result = vm_return.demote(job)
    assert host.asked == ["tidy", "retain", "stop"]
    assert copied == ["", "tidy,retain,stop"], "once while users work, once when it is off"
    assert result["evidence"]["last"]["id"] == "dddddddd"
    assert not job.serves_already()


def test_link_that_is_broken_stops_nothing(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(job: Any, _: float) -> Any:
        raise TroubleError("The copy failed.")

    monkeypatch.setattr(vm_agents, "copy_now", fails)
    host = Host()
    with pytest.raises(TroubleError, match="Nothing was stopped: users go on at host1"):
        vm_return.demote(made(host, side="primary", options={"mode": "stop", "last": True}, run={"id": "r1"}))
    assert host.asked == []


def test_images_that_differ_are_not_let_go(made: Any) -> None:
    peer = {"content": {"vda": "1"}, "machine": "host2", "laid": {}}
    job = made(Host(content={"vda": "2"}), side="primary", serving="primary", peer=peer)
    machine_files.folder(job.target)
    with pytest.raises(TroubleError, match="The images of intranet differ between host2 and host1: vda"):
        vm_return.compare(job)
    same = made(Host(content={"vda": "1"}), side="primary", serving="primary", peer=peer)
    assert vm_return.compare(same)["word"] == "data_correct"


def test_guest_is_not_taken_home_unless_this_run_brought_it(made: Any) -> None:
    host = Host(settle={"old": []})
    job = made(host, side="primary", serving="primary", run={"id": "r2"})
    with pytest.raises(TroubleError, match="was not brought back to host1 in this run"):
        vm_recover.recover(job)
    job.save(resynced={"run": "r2", "final": True, "at": 1.0})
    assert vm_recover.recover(job)["evidence"]["strategy"] == "resynced"
    assert host.asked == ["settle", "release", "start"]


def test_old_image_goes_when_the_guest_runs(made: Any, tmp_path: Path) -> None:
    old = tmp_path / "erp.qcow2.bascule-old"
    old.touch()
    job = made(Host(settle={"old": [str(old)]}), side="primary", serving="primary", run={"id": "r2"})
    job.save(resynced={"run": "r2", "final": True, "at": 1.0})
    vm_recover.recover(job)
    assert not old.exists()


def test_guest_that_runs_where_it_should_not_is_left_alone_and_said(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    look = {"state": "running", "guarded": True, "released": False, "agent": "", "laid": None}
    host = Host(look=look, guard={"hook": False, "guarded": False})
    monkeypatch.setattr(restic_repository, "drop_dead_locks", lambda job, alone: False)
    with pytest.raises(TroubleError, match=r"runs on host2, which does not serve it\. It was left alone"):
        vm_protect.protect(made(host, serving="primary"))
    assert "stop" not in host.asked


def test_what_stands_in_the_way_of_the_standby_ends_the_build(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm_protect, "missing", lambda job: [])
    monkeypatch.setattr(restic_repository, "ensure_password", lambda job: False)
    host = Host(problems=["This host has no network br7, which stands for br0."])
    job = made(host, serving="primary", peer={"holds": {"disks": []}})
    with pytest.raises(TroubleError, match="cannot be taken over by host2: This host has no network br7"):
        vm_protect.prepare(job)


def test_status_says_what_is_wrong_and_who_imposes_what(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm_protect, "missing", lambda job: [])
    points(monkeypatch, "aaaaaaaa", "bbbbbbbb")
    monkeypatch.setattr(vm_points, "damaged", lambda job: {"aaaaaaaa": "flipped"})
    monkeypatch.setattr(vm_status.facts_side, "told", lambda job, collectors: {})
    look = {"state": "running", "guarded": False, "released": False, "agent": "", "laid": None}
    job = made(Host(look=look, problems=["No room."]), serving="primary")
    job.save(serving="primary", holds={"disks": []})
    evidence = vm_status.status(job)["evidence"]
    text = " ".join(evidence["problems"])
    for said in ("it may run twice", "Nothing keeps intranet from being started twice", "No room.",
                 "aaaaaaaa of intranet is damaged: an activation now would take bbbbbbbb"):  # fmt: skip
        assert said in text
    assert len(evidence["blocking"]) == 2, "an activation now would not go"
    assert evidence["basket"]["imposed"]["activity"] == "orders"
    assert evidence["basket"]["memory_full"] == 0.875


def test_silent_agent_is_said(made: Any) -> None:
    said = "Copies of intranet are as after a power cut: the agent in intranet does not answer."
    for lost in (True, False):
        look = {"state": "running", "guarded": True, "released": True, "agent": "the agent in intranet does not answer",
                "agent_lost": lost, "laid": None}  # fmt: skip
        facts: dict[str, Any] = {"blocking": []}
        assert vm_status.look_at_guest(made(Host(look=look), side="primary", serving="primary"), facts) == [said]
        assert facts["unmet"] == ([said] if lost else [])


def test_points_carry_the_moment_of_their_snapshot(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"short_id": "aaaaaaaa", "time": "2026-11-23T15:10:24Z", "tags": ["serving=primary", "consistent=agent",
                                                                                "moment=1795446000.250"]}  # fmt: skip
    old = {"short_id": "bbbbbbbb", "time": "2026-11-23T14:10:24Z", "tags": None}
    monkeypatch.setattr(machine_run, "must", lambda *_, **__: json.dumps([old, entry]))
    monkeypatch.setattr(restic_repository, "place", lambda job: type("P", (), {"there": staticmethod(lambda _: True)}))
    monkeypatch.setattr(restic_repository, "reading", lambda job: ["restic"])
    job = made(Host())
    machine_files.write_json(job.names.kept("forward.json"), {"verified": ["aaaaaaaa"], "damaged": {"bbbbbbbb": "why"}})
    found = vm_points.listed(job)
    assert [(one["id"], one["at"], one["verified"], one["consistent"]) for one in found] == [
        ("aaaaaaaa", 1795446000.25, True, "agent"), ("bbbbbbbb", 1795443024.0, False, "crash")]  # fmt: skip
    evidence = vm_points.points(job)["evidence"]
    assert [one["id"] for one in evidence["points"]] == ["aaaaaaaa"]
    assert evidence["damaged"] == ["bbbbbbbb"]


def test_what_runs_inside_is_recovered_with_its_guest_and_never_twice(made: Any) -> None:
    host = Host()
    job = made(host, system="erp", run={"id": "r1"})
    assert job.within == "erp-vm"
    for step in ("prepare", "protect", "points", "resync", "compare"):
        assert vm_steps.STEPS[step](job)["evidence"]["with"] == "erp-vm"
    result = vm_steps.STEPS["recover"](job)
    assert (result["word"], result["evidence"]["strategy"]) == ("answering", "with its guest")
    assert host.asked == [], "the hypervisor is asked nothing"
    assert vm_inside.STEPS["forget"](job)["evidence"]["left"] == []


def test_what_runs_inside_and_does_not_answer_is_said(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> float:
        raise TroubleError("No right answer within 5 s.")

    monkeypatch.setattr(vm_inside.units_answers, "wait", silent)
    job = made(Host(), system="erp", side="primary", serving="primary")
    assert vm_inside.status(job)["evidence"]["problems"] == ["erp in erp-vm: No right answer within 5 s."]


def test_agents_get_what_they_need_and_no_secret(made: Any) -> None:
    job = made(Host(), system="erp-vm", secrets={"copies-key": "s3cr3t"})
    config = vm_agents.configuration(job)
    assert "s3cr3t" not in json.dumps(config)
    assert config["point"]["how"] == "changed-blocks"
    assert config["forward"]["keep"] is True
    assert config["release"]["asks"] is None
    primary = vm_agents.configuration(made(Host(), system="erp-vm", side="primary"))
    assert primary["release"]["asks"][-3:] == ["cat", "config", "--no-lock"]
    assert "forward" not in primary
    texts = vm_agents.unit_texts(job)
    assert "OnUnitActiveSec=300s" in texts["bascule-point-p-erp-vm.timer"]
    release = texts["bascule-release-p-erp-vm.service"]
    assert "WantedBy=multi-user.target" in release
    assert "Type=oneshot" not in release  # it waits for the other site, and a boot must not wait for it
    assert "bascule-forward-p-erp-vm.timer" not in vm_agents.unit_texts(made(Host(), system="erp-vm", side="primary"))


def test_hypervisor_that_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    job = vm_job.Job(system=PLAN["systems"]["intranet"], side="standby", serving="standby", policy="p")
    for out, kind, said in (("", TroubleError, "gave no answer"),
                            ('{"trouble": "No.", "damaged": false}', TroubleError, "host2: No."),
                            ('{"trouble": "Bad.", "damaged": true}', vm_job.DamagedError, "Bad.")):  # fmt: skip
        monkeypatch.setattr(machine_run, "run", lambda argv, out=out, **_: machine_run.Ended(1, out, ""))
        with pytest.raises(kind, match=said):
            job.ask("look")
