# SPDX-License-Identifier: Apache-2.0
"""What all policies of a machine share goes with the last of them, also where an empty folder of it is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import machine_forget, machine_user, runtime_files


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    etc, home = tmp_path / "etc", tmp_path / "var"
    for place in (etc, home, tmp_path / "lib"):
        place.mkdir()
    monkeypatch.setattr(machine_forget, "ETC", str(etc))
    monkeypatch.setattr(machine_forget, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(machine_forget, "LAUNCHER", str(tmp_path / "lib/run"))
    monkeypatch.setattr(runtime_files, "HOME", str(tmp_path / "lib"))
    monkeypatch.setattr(machine_user, "HOME", str(home))
    monkeypatch.setattr(machine_user, "forget", lambda: True)
    return etc, home


def test_empty_folders_of_policies_keep_nothing_back(homes: tuple[Path, Path]) -> None:
    etc, home = homes
    (home / "firm").mkdir()
    (etc / "firm").mkdir()
    assert machine_forget.shared() == (True, [])
    assert not etc.exists()
    assert not home.exists()


def test_what_another_policy_needs_stays(homes: tuple[Path, Path]) -> None:
    _, home = homes
    (home / "other").mkdir()
    (home / "other/marker.json").write_text("{}")
    assert machine_forget.shared() == (False, [])
    assert (home / "other/marker.json").exists()


def test_what_nobody_knows_is_named(homes: tuple[Path, Path]) -> None:
    _, home = homes
    (home / "notes").write_text("of somebody")
    assert machine_forget.shared() == (True, [str(home)])
