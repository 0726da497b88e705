# SPDX-License-Identifier: Apache-2.0
"""Same policy, same bytes: whatever the folder, the seed of hashes, the umask or the Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "examples" / "atelier" / "policy.yml"
# Made by `make test-full`.
OTHERS = [ROOT / f".venv-{version}" / "bin" / "python" for version in ("3.11", "3.12", "3.13")]


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        whole.update(f"{path.relative_to(folder)} {path.stat().st_mode:o}\n".encode())
        whole.update(path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()


def compiled(policy: Path, folder: Path, python: str = sys.executable, seed: str = "0", umask: int = 0o022) -> str:
    command = [python, "-m", "bascule", "compile", str(policy), "-o", str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo" if seed == "1" else "UTC"}
    subprocess.run(
        command, check=True, capture_output=True, env=environment, cwd=folder.parent, umask=umask, timeout=300
    )
    return digest(folder)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled(POLICY, tmp_path_factory.mktemp("reference") / "build")


def test_folder_seed_zone_and_umask_do_not_matter(reference: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a policy, elsewhere"
    shutil.copytree(POLICY.parent, elsewhere)
    assert compiled(elsewhere / POLICY.name, tmp_path / "b", seed="1", umask=0o077) == reference


def test_compiling_again_changes_nothing(reference: str, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    assert compiled(POLICY, folder) == compiled(POLICY, folder, umask=0o002) == reference


@pytest.mark.parametrize("python", OTHERS, ids=lambda path: path.parents[1].name)
def test_python_does_not_matter(reference: str, tmp_path: Path, python: Path) -> None:
    if not python.exists():
        pytest.skip(f"{python.parents[1].name} is not here; `make test-full` makes it where that Python is installed")
    assert compiled(POLICY, tmp_path / "build", python=str(python)) == reference
