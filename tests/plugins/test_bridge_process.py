# SPDX-License-Identifier: Apache-2.0
"""The bridge as a process: its end at the limit with all that it started, and what may be written of what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.plugin_utils import _bridge, _contact, _outputs, _stack

from ..processes import ends

PLAN: dict[str, Any] = {"secrets": {"copies": {"env": "COPIES_KEY"}, "deploy": {"env": "AWS_DEPLOY_KEY"}}}
# Starts a program in a process group of its own, as the engine does with its plugins.
pytestmark = pytest.mark.slow
STUBBORN = """
import json, os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
print(json.dumps({"event": "started", "child": child.pid}), flush=True)
time.sleep(600)
"""
POLITE = """
import json, sys
print(json.dumps({"event": "started"}), flush=True)
sys.stdin.readline()
sys.stdin.read()
print(json.dumps({"event": "failed", "reason": "ended", "msg": "ended in good order"}), flush=True)
"""
SPEAKS = """
import json, os, sys
print("Traceback: with passphrase", os.environ["PULUMI_CONFIG_PASSPHRASE"])
print(json.dumps({"event": "note", "text": "key " + os.environ["AWS_SECRET_ACCESS_KEY"]}))
print(json.dumps({"event": "end", "changed": False}))
"""


def folder(home: Path, program: str) -> Path:
    (home / "stack").mkdir()
    (home / "stack/bridge.py").write_text(program)
    return home


def test_at_the_limit_it_ends_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bridge, "GRACE_S", 0.5)
    with pytest.raises(_bridge.BridgeError, match="did not end within 1 s") as late:
        _bridge.work(folder(tmp_path, STUBBORN), {}, dict(os.environ), 1, tmp_path / "log", lambda: True)
    assert late.value.reason == "limit"
    assert ends(late.value.seen[0]["child"])


def test_it_may_end_in_good_order_first(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(_bridge.BridgeError, match="did not end within"):
        _bridge.work(folder(tmp_path, POLITE), {}, dict(os.environ), 1, tmp_path / "log", lambda: True)
    assert time.monotonic() - began < _bridge.GRACE_S


def test_it_ends_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bridge, "GRACE_S", 0.5)
    with pytest.raises(_bridge.BridgeError, match="The run was killed"):
        _bridge.work(folder(tmp_path, STUBBORN), {}, dict(os.environ), 60, tmp_path / "log", lambda: False)


def test_no_secret_is_written_whoever_says_it(tmp_path: Path) -> None:
    given = {**os.environ, "PULUMI_CONFIG_PASSPHRASE": "open-sesame", "AWS_SECRET_ACCESS_KEY": "key-of-the-account"}
    end, events = _bridge.work(folder(tmp_path, SPEAKS), {}, given, 30, tmp_path / "log", lambda: True)
    assert end["changed"] is False
    assert _stack.notes(events) == ["key [secret]"]
    log = (tmp_path / "log").read_text()
    assert "Traceback: with passphrase [secret]" in log
    assert "open-sesame" not in log
    assert "key-of-the-account" not in log


def test_one_that_says_nothing_is_said_to_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(_bridge.BridgeError, match="without a word") as silent:
        _bridge.work(folder(tmp_path, "raise SystemExit(3)"), {}, dict(os.environ), 30, tmp_path / "log", lambda: True)
    assert silent.value.reason == "bridge"


def test_the_environment_is_the_cloud_s_and_nobody_else_s(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("COPIES_KEY", "AWS_DEPLOY_KEY", "AWS_PROFILE", "BASCULE_DECLARE", "BASCULE_DOUBLE_MACHINES", "ANSIBLE_X")
    for name in ours:
        monkeypatch.setenv(name, "x")
    given = _bridge.environment(PLAN, "open-sesame")
    assert {"AWS_DEPLOY_KEY", "AWS_PROFILE", "BASCULE_DOUBLE_MACHINES", "PATH"} <= set(given)
    assert not {"COPIES_KEY", "BASCULE_DECLARE", "ANSIBLE_X"} & set(given)
    assert given["PULUMI_CONFIG_PASSPHRASE"] == "open-sesame"
    assert "PULUMI_CONFIG_PASSPHRASE" not in _bridge.environment(PLAN, "")


def test_the_public_half_of_a_key_is_all_that_leaves(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me", "-f", str(path)], check=True, timeout=30)
    plan = {"machines": {"db2": {"key": {"secret": "ssh"}}, "app2": {"key": {"secret": "ssh"}}}}
    public = _stack.public_key(plan, {"machines": {"db2": {}, "app2": {}}}, lambda _name: path.read_text())
    assert public == " ".join(path.with_suffix(".pub").read_text().split()[:2])
    with pytest.raises(_bridge.BridgeError, match="no private key"):
        _stack.public_key(plan, {"machines": {"db2": {}}}, lambda _name: "something else")
    with pytest.raises(_bridge.BridgeError, match="0 keys"):
        _stack.public_key({"machines": {"db2": {"key": None}}}, {"machines": {"db2": {}}}, str)


SSH = """#!{python}
import os, sys
words = dict(word.split("=", 1) for word in sys.argv if "=" in word)
home = {home!r}
with open(home + "/calls", "a") as stream:
    stream.write(words["StrictHostKeyChecking"] + "\\n")
if open(home + "/mood").read() == "closed":
    sys.exit("ssh: connect to host 10.20.0.12 port 22: Connection refused")
shown = "10.20.0.12 " + open(home + "/key").read().strip()
known = open(words["UserKnownHostsFile"]).read()
if words["StrictHostKeyChecking"] == "yes":
    if shown not in known:
        sys.exit("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ Host key verification failed.")
else:
    open(words["UserKnownHostsFile"], "a").write(shown + "\\n")
"""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIjT956HysKd8IytvcEMAyMfXY5s+b5N0Z15UFO2z9qV"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
MACHINE = {"address": "10.20.0.12", "port": 22}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of ssh; files say what the host does."""
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(python=sys.executable, home=str(tmp_path)))
    ssh.chmod(0o755)
    (tmp_path / "mood").write_text("open")
    (tmp_path / "key").write_text(KEY)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(_contact, "EVERY_S", 0.05)
    return tmp_path


def meet(home: Path, instance: str, known: dict[str, Any], pinned: list[str], limit_s: float = 5) -> _contact.Met:
    return _contact.meet(home, MACHINE, "app2", instance, known, pinned, limit_s, lambda: True)


def test_a_machine_that_nobody_met_shows_its_key_once(host: Path) -> None:
    met = meet(host, "i-1", {}, [])
    assert (met.key, met.fresh, met.why) == (KEY, True, "")
    again = meet(host, "i-1", {"instance": "i-1", "key": KEY}, [])
    assert (again.key, again.fresh) == (KEY, False)
    assert (host / "calls").read_text().split() == ["accept-new", "yes"]


def test_a_machine_that_was_made_anew_may_have_a_new_key_and_the_same_one_may_not(host: Path) -> None:
    old = {"instance": "i-1", "key": OTHER}
    assert meet(host, "i-2", old, []).fresh
    refused = meet(host, "i-1", old, [])
    assert not refused.key
    assert "another host key" in refused.why or "host key" in refused.why


def test_what_the_firm_pinned_must_be_shown(host: Path) -> None:
    met = meet(host, "i-1", {}, [f"10.20.0.12 {KEY}"])
    assert (met.key, met.fresh) == (KEY, False)
    assert not meet(host, "i-1", {}, [f"10.20.0.12 {OTHER}"]).key


def test_the_wait_has_a_limit(host: Path) -> None:
    (host / "mood").write_text("closed")
    began = time.monotonic()
    met = meet(host, "i-1", {}, [], limit_s=0.5)
    assert time.monotonic() - began < 5
    assert met.why.startswith("app2 was built and cannot be worked with after 0.5 s.")
    assert len((host / "calls").read_text().split()) > 1


def test_pins_are_written_for_ssh_and_told_as_people_compare_them(tmp_path: Path) -> None:
    plan = {"machines": {"app2": MACHINE, "db2": {"address": "10.20.0.11", "port": 2222}}}
    known = {"db2": {"instance": "i-2", "key": OTHER}, "app2": {"instance": "i-1", "key": KEY}, "gone": {"key": KEY}}
    _outputs.keep_contacts(tmp_path, plan, known)
    lines = (tmp_path / "outputs/known_hosts").read_text().splitlines()
    assert lines == [f"10.20.0.12 {KEY}", f"[10.20.0.11]:2222 {OTHER}"]
    shown = subprocess.run(["ssh-keygen", "-lf", "/dev/stdin"], input=KEY, capture_output=True, text=True, check=True)
    assert _contact.fingerprint(KEY).partition(" ")[2] in shown.stdout
