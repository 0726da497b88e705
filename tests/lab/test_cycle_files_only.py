# SPDX-License-Identifier: Apache-2.0
"""A firm that lives from one tree of files. The recovery itself runs from a copy of the folder, without bascule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import Cycle

pytestmark = [pytest.mark.lab]


def tree(cycle: Cycle, side: str) -> str:
    return cycle.tree("plans", side)


def work(cycle: Cycle, side: str) -> None:
    script = """set -e
cd /srv/plans
rm plan-7.txt
echo 'changed at the standby' >> plan-8.txt
mkdir -p 'new folder' && echo new > 'new folder/ü $(x)'
ln -sfn plan-2.txt first.txt
sha256sum plan-*.txt > SHA256SUMS"""
    cycle.rehearsal.on(cycle.machine("plans", side), script)


def test_files_go_and_come_home(tmp_path: Path) -> None:
    with cycles.started("files-only", tmp_path) as cycle:
        bare = cycles.bare_environment(tmp_path / "bare")
        copy = tmp_path / "usb stick" / "folder"
        shutil.copytree(cycle.rehearsal.build, copy)
        cycles.whole(cycle, tree, work, playbook=bare, build=copy)
