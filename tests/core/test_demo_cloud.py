# SPDX-License-Identifier: Apache-2.0
"""The demonstration with a standby in a cloud: its order, what it tells of the cloud, what it leaves alone. Doubles."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bascule_lab.demo import cli, cloud, result
from bascule_lab.demo.cloud import Cloud
from bascule_lab.demo.cloud_story import CloudStory, stacks, summary
from bascule_lab.demo.commands import Commands, FailedError, Outcome
from bascule_lab.demo.rehearsal import Rehearsal, Run
from bascule_lab.errors import CANNOT, LabError

POLICY = """
organisation: {id: far}
sites:
  primary: {network: 10.96.1.0/24, machines: {db1: {address: 10.96.1.11}}}
  standby:
    provider: aws
    state: {url: "file://~/.bascule/state", passphrase: {secret: p}}   # url: file://elsewhere
    machines: {db2: {address: 10.96.64.11}}
secrets: {p: {env: FAR_P}}
"""
COUNTS = {"create": 12, "same": 40}
EVENT = {"event": "stack", "action": "previewed", "phase": "activate", "summary": COUNTS, "seconds": 6}


class DoubleRehearsal(Rehearsal):
    """Stands for lab and drivers: notes what is asked; runs tell of the cloud what `events` say."""

    def __init__(self, folder: Path, events: tuple[dict[str, Any], ...] = (EVENT,), fail: str = "") -> None:
        super().__init__(folder / "policy.yml", folder / "build", Commands(folder))
        self.__dict__["policy_id"] = "far"
        self.__dict__["plan"] = {"observers": {}, "activities": {}, "sites": {"standby": {"cloud": {"region": "x"}}}}
        self.asked: list[str] = []
        self.folder, self.events, self.fail = folder, events, fail

    def lab(self, *words: str, limit_s: float = 0) -> Outcome:
        self.asked.append(" ".join(words))
        return Outcome(words[0], 0, 0.0, Path("log"))

    def up(self) -> None:
        self.asked.append("up")

    def compile(self, policy: Path | None = None) -> None:
        self.asked.append(f"compile {policy and policy.parent.name}")

    def status(self) -> dict[str, Any]:
        left = {"instance": "i-1"} if self.fail == "instance" else {"instance": None}
        return {"machines": {"db2": left, "db1": {}}}

    def driver(self, name: str, *, check: bool = False, **options: Any) -> Run:
        self.asked.append(f"dr-{name}{' --check' if check else ''}")
        folder = self.folder / f"run-{len(self.asked)}"
        folder.mkdir()
        (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in self.events))
        log = folder / "log"
        log.write_text("")
        return Run(Outcome(name, 2 if name == self.fail else 0, 1.0, log), folder, {"problems": ["it broke"]})


class DoubleCloud(Cloud):
    """Stands for engine and moto."""

    def provide_engine(self) -> None:
        self.rehearsal.asked.append("engine")  # type: ignore[attr-defined]
        self.engine = "/engine"

    def start(self) -> None:
        self.rehearsal.asked.append("moto")  # type: ignore[attr-defined]

    def stop(self) -> None:
        self.rehearsal.asked.append("moto ends")  # type: ignore[attr-defined]

    def left(self) -> list[str]:
        return ["arn:aws:s3:::left"] if self.rehearsal.fail == "bucket" else []  # type: ignore[attr-defined]


def story(folder: Path, **how: Any) -> tuple[CloudStory, DoubleRehearsal, io.StringIO]:
    (folder / "policy.yml").write_text(POLICY)
    rehearsal, out = DoubleRehearsal(folder, **how), io.StringIO()
    return CloudStory(rehearsal, out, 0.0, cloud=DoubleCloud(rehearsal, folder / "demo")), rehearsal, out


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_the_order(tmp_path: Path) -> None:
    told, rehearsal, out = story(tmp_path)
    assert cli.perform(told, keep=False) == (0, "")
    assert rehearsal.asked == [
        "engine", "up", "moto", "compile policy", "dr-build --check", "dr-build", "kill primary", "dr-activate --check",
        "dr-activate", "dr-verify", "start primary", "dr-failback", "dr-verify", "dr-teardown", "down", "moto ends",
    ]  # fmt: skip
    assert "      the cloud (a double): preview for activate: 12 create, 40 same in 6 s" in out.getvalue().splitlines()
    assert "no resource carries the policy's tag, no instance is there" in out.getvalue()
    made = result.of(told, 0, "")
    assert made["caveat"].startswith("The cloud is a double")
    assert [step["name"] for step in made["steps"]][-3:] == ["teardown", "proof", "down"]


@pytest.mark.parametrize(("fail", "says"), [("bucket", "arn:aws:s3:::left"), ("instance", "still db2")])
def test_what_is_left_after_the_teardown_fails_the_story(tmp_path: Path, fail: str, says: str) -> None:
    told, rehearsal, _ = story(tmp_path, fail=fail)
    code, reason = cli.perform(told, keep=False)
    assert (code, says in reason) == (1, True)
    assert rehearsal.asked[-2:] == ["down", "moto ends"]


def test_a_preview_that_shows_nothing_of_the_cloud_fails_the_story(tmp_path: Path) -> None:
    told, rehearsal, _ = story(tmp_path, events=())
    code, reason = cli.perform(told, keep=False)
    assert (code, "dr-build --check showed nothing of the cloud: it broke" in reason) == (1, True)
    assert rehearsal.asked[-1] == "moto ends"


def test_a_demonstration_that_is_kept_says_how_drivers_find_the_double(tmp_path: Path) -> None:
    told, rehearsal, out = story(tmp_path)
    told.cloud.endpoint, told.cloud.double = "http://127.0.0.1:5", "/double"
    assert cli.perform(told, keep=True)[0] == 0
    assert "moto ends" not in rehearsal.asked
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:5" in out.getvalue()
    assert "export PATH=/double:/engine:" in out.getvalue()


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"action": "present", "phase": "protect", "summary": {"create": 3, "read": 2}, "seconds": 1.6},
         "built for protect: 3 create in 2 s"),
        ({"action": "present", "phase": "protect", "looked": True, "summary": {"create": 3}},
         "preview for protect: 3 create in 0 s"),
        ({"action": "absent", "phase": None, "summary": {}}, "destroyed: nothing to do in 0 s"),
    ],
)  # fmt: skip
def test_what_was_done_in_the_cloud_in_words(event: dict[str, Any], text: str) -> None:
    assert summary(event) == text


def test_a_journal_that_was_cut_off_is_read(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text(json.dumps(EVENT) + '\n{"event": "task"}\n{"event": "sta')
    assert stacks(Run(Outcome("x", 0, 0, Path()), tmp_path, {})) == [EVENT]
    assert stacks(Run(Outcome("x", 0, 0, Path()), None, {})) == []


def test_the_state_of_a_real_stack_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "firm" / "checks").mkdir(parents=True)
    (tmp_path / "firm" / "checks" / "own.py").write_text("own")
    told, _, _ = story(tmp_path / "firm")
    told.cloud.folder = tmp_path / "demo"
    copy = told.cloud.to_compile()
    assert f'url: "file://{tmp_path}/demo/state"' in copy.read_text()
    assert "# url: file://elsewhere" in copy.read_text()
    assert (copy.parent / "checks" / "own.py").read_text() == "own"
    assert told.rehearsal.policy.read_text() == POLICY


def test_the_double_is_found_by_the_environment_alone(tmp_path: Path) -> None:
    told, _, _ = story(tmp_path)
    told.cloud.engine, told.cloud.double, told.cloud.endpoint = "/engine", "/double", "http://127.0.0.1:5"
    told.rehearsal.commands.environment = {"PATH": "/usr/bin"}
    given = told.cloud.environment()
    assert given["PATH"] == "/double:/engine:/usr/bin"
    assert given["BASCULE_DOUBLE_MACHINES"] == f"{sys.executable} -m bascule_lab instance {tmp_path / 'policy.yml'}"


def test_a_story_is_chosen_by_the_policy(tmp_path: Path) -> None:
    _, rehearsal, out = story(tmp_path)
    assert isinstance(cli.told_of(rehearsal, out, 0.0), CloudStory)
    (tmp_path / "policy.yml").write_text("sites: {primary: {}}\n")
    assert not isinstance(cli.told_of(rehearsal, out, 0.0), CloudStory)


def test_without_an_engine_and_without_its_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, rehearsal, _ = story(tmp_path)
    real = Cloud(rehearsal, tmp_path)
    monkeypatch.setattr(cloud.shutil, "which", lambda name: None)
    monkeypatch.setattr(cloud, "TOOLS", tmp_path / "none")
    with pytest.raises(LabError, match="Pulumi is not installed") as caught:
        real.provide_engine()
    assert caught.value.code == CANNOT
    monkeypatch.setattr(cloud, "TOOLS", tmp_path / "build.py")
    code = "import sys; print('building', file=sys.stderr, flush=True); print('/made/here')"
    (tmp_path / "build.py").write_text(code)
    real.provide_engine()
    assert real.engine == "/made/here"
    assert told.cloud.engine == ""


def test_a_person_whose_sudo_asks_is_told_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "person", lambda: ["false"])
    with pytest.raises(LabError, match="sudo would ask for a password in the middle"):
        cloud.refuse_without_root()
    monkeypatch.setattr(cloud, "person", list)
    cloud.refuse_without_root()


def test_a_double_that_does_not_start_is_said() -> None:
    with pytest.raises(FailedError, match=r"moto\.log, says why"):
        cloud.first_line(subprocess.Popen([sys.executable, "-c", "print('oh')"], stdout=subprocess.PIPE))


def test_the_account_is_asked_by_the_tag_of_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rehearsal, _ = story(tmp_path)
    asked = "import json, sys; print('a warning', file=sys.stderr); print(json.dumps(sys.argv[1:]))"
    monkeypatch.setattr(cloud, "python", lambda module: [sys.executable, "-c", asked, module])
    real = Cloud(rehearsal, tmp_path / "demo")
    real.endpoint = "http://127.0.0.1:5"
    assert real.left() == ["bascule_double", "left", "http://127.0.0.1:5", "far", "x"]
    monkeypatch.setattr(cloud, "python", lambda module: [sys.executable, "-m", module])
    real.endpoint = "http://127.0.0.1:9"
    with pytest.raises(FailedError, match="does not say what is left"):
        real.left()
