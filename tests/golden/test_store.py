# SPDX-License-Identifier: Apache-2.0
"""A compiled folder on disk: written whole or not at all, never over somebody else's files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bascule import api
from bascule.emit.folder import FIRM_FOLDERS
from bascule.emit.manifest import manifest
from bascule.emit.tree import File, FolderError, copied

POLICY = Path(__file__).parent / "small" / "policy.yml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    api.write(api.compile_tree(POLICY), tmp_path / "build")
    return tmp_path / "build"


def test_the_manifest_is_what_sha256sum_reads(folder: Path) -> None:
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "MANIFEST.sha256"], cwd=folder, check=True, timeout=300
    )
    listed = {line.split("  ")[1] for line in (folder / "MANIFEST.sha256").read_text().splitlines()}
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed == here - {"MANIFEST.sha256"}


def test_modes(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode & 0o777
        assert mode == 0o755 if path.is_dir() else mode in (0o644, 0o755), path


def test_runs_and_wheels_are_kept(folder: Path) -> None:
    for name in ("runs", "wheels"):
        (folder / name).mkdir()
        (folder / name / "kept").write_text(name)
    api.write(api.compile_tree(POLICY), folder)
    assert (folder / "runs" / "kept").read_text() == "runs"
    assert (folder / "wheels" / "kept").read_text() == "wheels"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["build"]
    assert not api.diff(POLICY, folder).files


@pytest.mark.parametrize("stranger", ["notes.txt", "playbooks/mine.yml", "roles/mine/tasks/main.yml"])
def test_files_of_others_are_not_lost(folder: Path, stranger: str) -> None:
    (folder / stranger).parent.mkdir(parents=True, exist_ok=True)
    (folder / stranger).write_text("mine")
    with pytest.raises(FolderError, match=f"{stranger}; move them out"):
        api.write(api.compile_tree(POLICY), folder)
    assert (folder / stranger).read_text() == "mine"


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(FolderError, match="was not made by bascule"):
        api.write(api.compile_tree(POLICY), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_failure_in_the_middle_leaves_the_old_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / "MANIFEST.sha256").read_bytes()

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FolderError, match="No space left"):
        api.write(api.compile_tree(POLICY), folder)
    assert (folder / "MANIFEST.sha256").read_bytes() == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["build"]


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "checks").mkdir()
    os.symlink("../secret", tmp_path / "checks" / "ask.py")
    with pytest.raises(FolderError, match="leads out of checks/"):
        copied(tmp_path / "checks", "checks")


def test_links_inside_become_files_and_leavings_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("")
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "a.py").chmod(0o700)
    os.symlink("a.py", tmp_path / "b.py")
    assert copied(tmp_path, "checks") == {"checks/a.py": File(b"a", True), "checks/b.py": File(b"a", True)}


def test_diff_says_what_a_change_means(folder: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY.read_text().replace("target: {rto: 2h, rpo: 30m}", "target: {rto: 90m, rpo: 30m}"))
    found = api.diff(policy, folder)
    assert found.sentences == ("activity sell: target rto was 2h, is 90m",)
    assert "plan.json" in found.files.changed
    assert found.files.added == found.files.removed == ()


@pytest.mark.parametrize("name", ["controller", "all", "units", "localhost"])
def test_machines_cannot_have_the_drivers_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "policy.yml").write_text(POLICY.read_text().replace("shop1", name))
    with pytest.raises(FolderError, match=f"no machine may be called {name}"):
        api.compile_tree(tmp_path / "policy.yml")


def test_the_firms_own_files_go_along(tmp_path: Path) -> None:
    for name in FIRM_FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "private").write_text("stays")
    (tmp_path / "policy.yml").write_text(POLICY.read_text())
    tree = api.compile_tree(tmp_path / "policy.yml")
    assert {f"{there}/file" for there in FIRM_FOLDERS.values()} <= set(tree)
    assert "private" not in tree
    assert tree["MANIFEST.sha256"] == manifest(tree)
