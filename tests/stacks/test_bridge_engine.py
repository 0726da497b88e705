# SPDX-License-Identifier: Apache-2.0
"""The bridge on the real engine, with a program of three parts that needs no provider."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..aws_double import engine_folder
from ..bridge_process import said, started

ROOT = Path(__file__).parents[2]
STACK = ROOT / "stacks" / "aws_standby"
PASSPHRASE = "open-sesame-of-the-state"
HIDDEN = "an-output-that-nobody-may-read"
LIMIT_S = 300
PROGRAM = """
import os, time
import pulumi

class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Part", name)

config = pulumi.Config("bascule")
if os.path.exists("../slow"):
    open("../begun", "w").close()
    time.sleep(120)
for name in ("one", "two", *(["late"] if config.require("phase") == "activate" else [])):
    Part(name)
if os.path.exists("../broken"):
    raise RuntimeError("app2: InsufficientInstanceCapacity")
pulumi.log.warn("provider: double: a program of the tests")
pulumi.export("bascule", {"schema": "bascule/outputs/v1", "phase": config.require("phase")})
pulumi.export("hidden", pulumi.Output.secret("an-output-that-nobody-may-read"))
"""
pytestmark = pytest.mark.engine


@dataclass
class Bridge:
    """A compiled folder with the tiny program, and what the bridge is started with."""

    home: Path
    engine: Path
    said: list[str] = field(default_factory=list)

    @property
    def build(self) -> Path:
        return self.home / "build"

    @property
    def state(self) -> Path:
        return self.home / "state"

    def start(
        self,
        do: str,
        phase: str = "protect",
        *,
        passphrase: str = PASSPHRASE,
        account: dict[str, str] | None = None,
        **more: Any,
    ) -> subprocess.Popen[str]:
        """Start the bridge and ask; its standard input stays open."""
        own = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
        own["PATH"] = os.pathsep.join([str(self.engine), os.environ["PATH"]])
        own.update(PULUMI_HOME=str(self.home / "pulumi"), PULUMI_CONFIG_PASSPHRASE=passphrase, **(account or {}))
        asked = {"do": do, "folder": str(self.build), "policy": "tiny", "state": f"file://{self.state}",
                 "run": f"run-{do}", "config": {"bascule:phase": phase}, **more}  # fmt: skip
        return started(self.build, own, asked)

    def end(self, process: subprocess.Popen[str]) -> list[dict[str, Any]]:
        """All events of a bridge that was started, to its end."""
        text = said(process, LIMIT_S)
        self.said.append(text)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def ask(self, do: str, phase: str = "protect", **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The last event, and those before."""
        events = self.end(self.start(do, phase, **more))
        return events[-1], events[:-1]

    def locks(self) -> list[Path]:
        return list(self.state.glob(".pulumi/locks/**/*.json"))

    def notes(self, events: list[dict[str, Any]]) -> str:
        return " ".join(event["text"] for event in events if event["event"] == "note")


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    made = Bridge(tmp_path, engine_folder())
    stack = made.build / "stack"
    stack.mkdir(parents=True)
    for name in ("bridge.py", "automation", "account"):
        subprocess.run(["cp", "-r", str(STACK / name), str(stack)], check=True, timeout=30)
    (stack / "__main__.py").write_text(PROGRAM)
    (stack / "Pulumi.yaml").write_text("name: bascule-tiny\nruntime: {name: python}\nstackConfigDir: ../outputs\n")
    yield made
    # Whatever was done: nothing that is secret is in any file, or was said.
    for path in tmp_path.rglob("*"):
        text = path.read_bytes() if path.is_file() and path.name != "__main__.py" else b""
        assert PASSPHRASE.encode() not in text, path
        assert HIDDEN.encode() not in text, path
    assert not [text for text in made.said if PASSPHRASE in text or HIDDEN in text]


def test_present_twice_changes_nothing_the_second_time(bridge: Bridge) -> None:
    first, _events = bridge.ask("up")
    assert (first["changed"], first["summary"]) == (True, {"create": 3})
    assert first["outputs"] == {"schema": "bascule/outputs/v1", "phase": "protect"}
    assert (first["simulated"], first["provider"]) == (True, "provider: double: a program of the tests")
    again, _events = bridge.ask("up")
    assert (again["changed"], again["summary"], again["steps"]) == (False, {"same": 3}, [])
    shown, _events = bridge.ask("outputs")
    assert shown["outputs"] == first["outputs"]


def test_a_look_leaves_nothing(bridge: Bridge) -> None:
    shown, _events = bridge.ask("preview", "activate")
    assert shown["summary"] == {"create": 4}
    assert [step["op"] for step in shown["steps"]] == ["create"] * 3
    assert not bridge.state.exists()
    assert list((bridge.build / "outputs").glob("*")) == []
    bridge.ask("up")
    settings = (bridge.build / "outputs/Pulumi.standby.yaml").read_text()
    shown, _events = bridge.ask("preview", "activate")
    assert shown["summary"] == {"create": 1, "same": 3}
    assert (bridge.build / "outputs/Pulumi.standby.yaml").read_text() == settings


def test_an_activated_site_falls_only_when_it_is_asked_to(bridge: Bridge) -> None:
    bridge.ask("up", "activate")
    kept, events = bridge.ask("up", "protect")
    assert kept["outputs"]["phase"] == "activate"
    assert "stays so" in bridge.notes(events)
    fell, _events = bridge.ask("up", "protect", fall=True)
    assert (fell["outputs"]["phase"], fell["summary"]) == ("protect", {"delete": 1, "same": 3})


def killed(bridge: Bridge) -> None:
    """An update that is killed, with all that it started, while the program runs."""
    (bridge.build / "slow").touch()
    process = bridge.start("up", "activate")
    deadline = time.monotonic() + LIMIT_S
    while not (bridge.build / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = path.read_text().rpartition(")")[2].split()[3]
        except OSError:
            continue
        if session == str(process.pid):
            os.kill(int(path.parent.name), signal.SIGKILL)
    process.wait(30)
    (bridge.build / "slow").unlink()


def test_one_that_was_killed_goes_on_where_it_was(bridge: Bridge) -> None:
    bridge.ask("up")
    killed(bridge)
    assert len(bridge.locks()) == 1
    end, events = bridge.ask("up", "activate")
    assert (end["event"], end["summary"]) == ("end", {"create": 1, "same": 3})
    assert "The run run-up was cut off" in bridge.notes(events)
    assert "its hold on the state behind" in bridge.notes(events)
    assert bridge.locks() == []
    assert not (bridge.build / "outputs/engine-standby.json").exists()


def test_a_hold_whose_holder_nobody_here_knows_is_respected(bridge: Bridge) -> None:
    bridge.ask("up")
    killed(bridge)
    # The note went with another folder: the lock may be anybody's on a computer of this name.
    (bridge.build / "outputs/engine-standby.json").unlink()
    end, _events = bridge.ask("up", "activate")
    assert (end["event"], end["reason"]) == ("failed", "locked")
    assert "pulumi cancel --stack standby" in end["msg"]
    assert len(bridge.locks()) == 1


def test_one_that_is_at_work_is_waited_for(bridge: Bridge) -> None:
    bridge.ask("up")
    (bridge.build / "slow").touch()
    process = bridge.start("up", "activate")
    while not (bridge.build / "begun").exists() and process.poll() is None:
        time.sleep(0.1)
    end, _events = bridge.ask("up", "activate")
    assert (end["event"], end["reason"]) == ("failed", "locked")
    assert "is at work" in end["msg"]
    assert process.stdin is not None
    # Who asked is gone: it ends in good order, and the state is free.
    process.stdin.close()
    assert bridge.end(process)[-1]["event"] == "failed"
    assert bridge.locks() == []
    assert not (bridge.build / "outputs/engine-standby.json").exists()


def test_a_wrong_passphrase_is_said_so_and_changes_nothing(bridge: Bridge) -> None:
    bridge.ask("up")
    for settings in (True, False):
        end, _events = bridge.ask("up", "activate", passphrase="another-one")
        assert (end["event"], end["reason"]) == ("failed", "passphrase"), settings
        # Another controller has no settings; the state knows how its secrets are closed.
        (bridge.build / "outputs/Pulumi.standby.yaml").unlink(missing_ok=True)
    end, _events = bridge.ask("up")
    assert (end["event"], end["summary"]) == ("end", {"same": 3})


def test_a_state_that_cannot_be_had(bridge: Bridge) -> None:
    bridge.state.write_text("not a folder")
    end, _events = bridge.ask("up")
    assert (end["event"], end["reason"]) == ("failed", "state")
    nowhere = "s3://nowhere?region=eu-west-3&endpoint=127.0.0.1:9&disableSSL=true&s3ForcePathStyle=true"
    end, _events = bridge.ask("preview", state=nowhere)
    assert (end["event"], end["reason"]) == ("failed", "credentials")
    account = {"AWS_ACCESS_KEY_ID": "double", "AWS_SECRET_ACCESS_KEY": "double"}
    end, _events = bridge.ask("preview", state=nowhere, account=account)
    assert (end["event"], end["reason"]) == ("failed", "state")


def test_a_state_that_does_not_know_what_was_built_is_not_built_upon(bridge: Bridge) -> None:
    bridge.ask("up")
    (bridge.build / "outputs/standby.json").write_text("{}")
    bridge.state.rename(bridge.home / "elsewhere")
    for do in ("up", "destroy", "preview"):
        end, _events = bridge.ask(do)
        assert (end["event"], end["reason"]) == ("failed", "state-lost"), do
    (bridge.home / "elsewhere").rename(bridge.home / "state-again")
    end, _events = bridge.ask("destroy", state=f"file://{bridge.home / 'state-again'}")
    assert (end["event"], end["gone"]) == ("end", True)


def test_destroyed_from_the_state_alone(bridge: Bridge) -> None:
    bridge.ask("up", "activate")
    (bridge.build / "stack/__main__.py").write_text("raise SystemExit('nobody runs this')")
    end, _events = bridge.ask("destroy")
    assert (end["event"], end["summary"], end["gone"]) == ("end", {"delete": 4}, True)
    again, _events = bridge.ask("destroy")
    assert (again["event"], again["changed"]) == ("end", False)
    (bridge.build / "stack/__main__.py").write_text(PROGRAM)


def test_what_the_program_says_when_it_fails(bridge: Bridge) -> None:
    (bridge.build / "broken").touch()
    end, _events = bridge.ask("up")
    assert (end["event"], end["reason"]) == ("failed", "error")
    assert "InsufficientInstanceCapacity" in end["msg"]
    assert bridge.locks() == []


def test_without_the_engine_it_is_said_what_to_install(bridge: Bridge) -> None:
    bridge.engine = bridge.home
    end, _events = bridge.ask("preview")
    assert (end["event"], end["reason"]) == ("failed", "no-engine")
