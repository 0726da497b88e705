# SPDX-License-Identifier: Apache-2.0
"""What is published: the wheel, made through the sdist, and the collection. Nothing lost, nothing leaked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("bascule", "bascule_runtime", "bascule_lab", "bascule_double")
COLLECTION = "ansible_collections/bascule/continuity"
# Folder or file of the checkout → where the wheel has it. Everything of each, and nothing beside it.
IN_WHEEL = {
    **{f"src/{name}": name for name in PACKAGES},
    "schemas": "bascule/_data/schemas",
    "stacks": "bascule/_data/stacks",
    "pipelines": "bascule/_data/pipelines",
    "tests/standby": "bascule/_data/tests/standby",
    "docs/errors.md": "bascule/_data/docs/errors.md",
    **{name: f"{COLLECTION}/{name}" for name in ("plugins", "playbooks", "meta", "LICENSES", "galaxy.yml")},
}
IN_COLLECTION = ("plugins", "playbooks", "meta", "LICENSES", "README.md", "CHANGELOG.md")
MADE_BY_GALAXY = {"MANIFEST.json", "FILES.json"}


def run(*command: str, cwd: Path, **environment: str) -> str:
    ended = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def below(files: set[str], name: str) -> set[str]:
    return {path for path in files if path == name or path.startswith(name + "/")}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows or would know, with the leavings of tools put in to see that none gets out."""
    copy = tmp_path_factory.mktemp("checkout") / "bascule"
    for name in run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    run("git", "init", "--quiet", cwd=copy)
    shutil.copy(ROOT / ".gitignore", copy / ".gitignore")
    for stray in (
        "plugins/__pycache__/a.pyc",
        "src/bascule/__pycache__/a.pyc",
        "build/x.py",
        "dist/old.whl",
        ".venv/x.py",
    ):
        (copy / stray).parent.mkdir(parents=True, exist_ok=True)
        (copy / stray).write_text("stray")
    return copy


@pytest.fixture(scope="session")
def files(checkout: Path) -> set[str]:
    return set(run("git", "ls-files", "-co", "--exclude-standard", cwd=checkout).splitlines())


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(checkout), cwd=out)
    return next(out.glob("*.whl"))


def test_the_wheel_has_all_and_nothing_else(wheel: Path, files: set[str]) -> None:
    expected = {there + path.removeprefix(here) for here, there in IN_WHEEL.items() for path in below(files, here)}
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
    info = {path for path in members if path.startswith("bascule-") and ".dist-info/" in path}
    assert members - info == expected
    named = {path.split("/", 1)[1] for path in info}
    assert named >= {
        "METADATA",
        "RECORD",
        "entry_points.txt",
        "licenses/LICENSES/Apache-2.0.txt",
    }


def test_the_collection_has_all_and_nothing_else(checkout: Path, files: set[str], tmp_path: Path) -> None:
    run(sys.executable, "-m", "ansible.cli.galaxy", "collection", "build", "--output-path", str(tmp_path), cwd=checkout)
    with tarfile.open(next(tmp_path.glob("bascule-continuity-*.tar.gz"))) as archive:
        members = {member.name for member in archive.getmembers() if not member.isdir()}
    assert members - MADE_BY_GALAXY == {path for name in IN_COLLECTION for path in below(files, name)}


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and beside it only what is installed here from elsewhere."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # A .pth file is not followed from here, so that the checkout stays out of sight.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_an_installed_bascule_compiles_the_same(installed: Path, tmp_path: Path) -> None:
    where = run(str(installed), "-c", "import bascule; print(bascule.__file__)", cwd=tmp_path)
    assert str(installed.parents[1]) in where
    policy = ROOT / "examples" / "atelier" / "policy.yml"
    for python, folder in ((str(installed), "theirs"), (sys.executable, "ours")):
        run(python, "-m", "bascule", "compile", str(policy), "-o", str(tmp_path / folder), cwd=tmp_path)
    assert (tmp_path / "theirs" / "MANIFEST.sha256").read_text() == (tmp_path / "ours" / "MANIFEST.sha256").read_text()
    run(str(installed), "-m", "bascule", "explain", "BC204", cwd=tmp_path)


@pytest.mark.parametrize("alias", sorted(path.stem for path in ROOT.glob("playbooks/dr_*.yml")))
def test_drivers_are_found_by_their_full_name(installed: Path, tmp_path: Path, alias: str) -> None:
    # Without --inventory there are no machines: the names and the syntax are what is looked at.
    command = [str(installed), "-m", "ansible.cli.playbook", f"bascule.continuity.{alias}", "--syntax-check"]
    run(*command, cwd=tmp_path, HOME=str(tmp_path), ANSIBLE_LOCALHOST_WARNING="0")


def test_every_driver_has_an_alias() -> None:
    drivers = {path.stem for path in ROOT.glob("playbooks/dr-*.yml")}
    assert {path.stem.replace("_", "-") for path in ROOT.glob("playbooks/dr_*.yml")} == drivers
    for path in ROOT.glob("playbooks/dr_*.yml"):
        (play,) = yaml.safe_load(path.read_text())
        assert play["ansible.builtin.import_playbook"] == path.name.replace("_", "-")


def test_versions_are_one() -> None:
    from bascule import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    collection = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    pinned = re.search(r"^bascule==(\S+)$", (ROOT / "meta" / "ee-requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert {project["version"], str(collection["version"]), pinned[1]} == {__version__}
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_window_of_ansible_is_one() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["ansible"]
    window = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    lowest = re.search(r">=([0-9.]+)", extras[0])
    highest = re.search(r"<([0-9.]+)", extras[-1])
    assert lowest
    assert highest
    assert window == f">={lowest[1]}.0,<{highest[1]}.0"
