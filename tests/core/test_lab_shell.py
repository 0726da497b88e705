# SPDX-License-Identifier: Apache-2.0
"""The lab's command line, its folder, its keys and seeds, as far as they need no machine."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from bascule_lab import cli, estate, host, keys, network, process, seeds, state, zone
from bascule_lab.errors import CANNOT, FAILED, USAGE, LabError

POLICY = """
organisation: {id: shell}
sites: {primary: {machines: {one: {address: 10.96.1.11}}}}
connection: {user: dr, key: {secret: ssh-key}}
switch: {dns: {server: 10.96.1.53, zone: firm.test, key: {secret: dns-key}, names: {}}}
secrets:
  ssh-key: {file: ~/.ssh/firm}
  copies-key: {file: ~/.config/deep/copies.key}
  own: {file: beside.key}
  dns-key: {env: SHELL_DNS}
  word: {env: SHELL_WORD}
  vaulted: {vault: firm_word}
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("SUDO_UID", "SHELL_DNS", "SHELL_WORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    folder = tmp_path / "firm"
    folder.mkdir()
    (folder / "policy.yml").write_text(POLICY)
    (folder / "beside.key").write_text("the person's own")
    return folder / "policy.yml"


def test_without_root_the_lab_says_what_to_do(
    policy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for command in ("up", "status", "down", "heal"):
        assert cli.main([command, str(policy)]) == CANNOT
        assert "put sudo before it" in capsys.readouterr().err


def test_wrong_words_are_usage(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["fly", str(policy)], ["kill", str(policy)]):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == USAGE
    assert cli.main(["env", str(policy.parent / "none.yml")]) == USAGE
    assert "cannot be read" in capsys.readouterr().err


def test_a_program_that_does_not_end_is_ended() -> None:
    with pytest.raises(LabError, match="did not end within 0 s") as caught:
        process.run(["sleep", "600"], limit_s=0.2)
    assert caught.value.code == FAILED


def test_failures_quote_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LabError, match=r"sh -c .* failed \(exit 7\): what went wrong"):
        process.run(["sh", "-c", "echo what went wrong >&2; exit 7"])
    with pytest.raises(LabError, match="is not installed") as caught:
        process.run(["no-such-program-here"])
    assert caught.value.code == CANNOT


def test_a_lock_is_waited_for_and_then_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "LOCKS", tmp_path)
    computer = host.Host()
    with computer.lock("x"):  # noqa: SIM117
        with pytest.raises(LabError, match="did not end within 0 s"), computer.lock("x", limit_s=0):
            pass
    with computer.lock("x", limit_s=0):
        assert [path.name for path in tmp_path.iterdir()] == ["bascule-lab-x"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_missing_secrets_are_made_and_exactly_they_are_removed(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_WORD", "from the environment")
    firm, folder = estate.load(policy), state.State("shell")
    keys.prepare(firm, folder)
    home = state.home()
    assert (home / ".ssh/firm").stat().st_mode & 0o777 == 0o600
    assert keys.value(firm, folder, "own") == "the person's own"
    assert keys.value(firm, folder, "word") == "from the environment"
    first = keys.environment(firm, folder)
    zone.parse_key(first["SHELL_DNS"])
    assert json.loads(folder.path("vault.json").read_text())["firm_word"]
    assert folder.path("secrets.json").stat().st_mode & 0o777 == 0o600
    public = keys.public_keys(firm, folder)["one"]
    assert len(set(public)) == 2
    assert public[1] in (home / ".ssh/firm.pub").read_text()

    monkeypatch.delenv("SHELL_WORD")
    keys.prepare(firm, folder)
    assert keys.environment(firm, folder) == first
    keys.forget(folder)
    assert not (home / ".ssh").exists()
    assert not (home / ".config").exists()
    assert (policy.parent / "beside.key").exists()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_of_a_key_that_exists_only_the_public_half_is_read(policy: Path) -> None:
    firm, folder = estate.load(policy), state.State("shell")
    own = state.home() / ".ssh" / "firm"
    keys.make_key(folder, own, "own")
    own.with_name("firm.pub").unlink()
    keys.prepare(firm, folder)
    assert keys.public_keys(firm, folder)["one"][1].startswith("ssh-ed25519 ")
    keys.forget(folder)
    assert own.exists()


def test_env_prints_lines_for_a_shell(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = state.State("shell")
    folder.write_json(keys.VALUES, {"dns-key": "a'b c", "word": "w"})
    assert cli.main(["env", str(policy)]) == 0
    assert capsys.readouterr().out.splitlines() == ["""export SHELL_DNS='a'"'"'b c'""", "export SHELL_WORD=w"]


def test_under_sudo_files_belong_to_who_typed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name, value in (("SUDO_UID", "1000"), ("SUDO_GID", "1001"), ("SUDO_COMMAND", "/usr/bin/bascule-lab up x")):
        monkeypatch.setenv(name, value)
    assert state.owner() == (1000, 1001)
    monkeypatch.setenv("SUDO_COMMAND", "/bin/bash")
    assert state.owner() is None


def test_seeds_get_the_firms_files_and_nothing_else(tmp_path: Path) -> None:
    for name in ("policy.yml", "roles/web/files/x", ".git/config", "build/plan.json", "build/lib/y", "__pycache__/z"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "link").symlink_to("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(seeds.bundle(tmp_path))) as tar:
        assert tar.getnames() == ["run/lab-seed/policy.yml", "run/lab-seed/roles/web/files/x"]
        assert {(entry.uid, entry.uname) for entry in tar} == {(0, "")}


def test_a_folder_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big").write_text("x" * 100)
    monkeypatch.setattr(seeds, "LARGEST_BYTES", 99)
    with pytest.raises(LabError, match="larger than 50 MB"):
        seeds.bundle(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_kind_of_cgroups_is_read_from_the_mounts() -> None:
    assert host.Host().hybrid is not host.pure_cgroup2()


def test_watches_are_raised_for_labs_and_set_back_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("WATCHES", "WATCHES_NOTE"):
        monkeypatch.setattr(host, name, tmp_path / name)
    host.WATCHES.write_text("128\n")
    computer = host.Host()
    computer.raise_watches()
    computer.raise_watches()
    assert int(host.WATCHES.read_text()) == host.WATCHES_WANTED
    assert capsys.readouterr().err.count("raised from 128") == 1
    computer.lower_watches()
    assert int(host.WATCHES.read_text()) == 128
    assert not host.WATCHES_NOTE.exists()
    host.WATCHES.write_text("99999\n")
    computer.raise_watches()
    computer.lower_watches()
    assert int(host.WATCHES.read_text()) == 99999


def test_no_guard_no_network(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "guard_up", lambda lab: False)
    monkeypatch.setattr(host.Host, "inside", lambda *words, **more: pytest.fail("touched the computer"))
    found = estate.load(policy)
    with pytest.raises(LabError, match="guard is not in place"):
        network.build(host.Host(), found, found.machines.values(), None)
