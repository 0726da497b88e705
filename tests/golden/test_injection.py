# SPDX-License-Identifier: Apache-2.0
"""Text of a policy is data for ever: templates in it are never evaluated, whatever tool looks at the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bascule import api

pytestmark = pytest.mark.slow

SMALL = Path(__file__).parent / "small" / "policy.yml"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mark") / "touched"


@pytest.fixture(scope="module")
def folder(mark: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled folder of a policy that says the template wherever it may say anything."""
    bad = "{{ lookup('pipe', 'touch MARK') }} {% for x in y %} #}".replace("MARK", str(mark))
    data = yaml.safe_load(SMALL.read_text())
    data["organisation"]["name"] = {"en": bad, "fr": bad}
    for activity in data["activities"].values():
        activity["name"] = {"en": bad}
        activity["usable_when"][0]["http"]["contains"] = bad
    for part in ("systems", "sites", "risks"):
        for entry in data[part].values():
            entry["name"] = {"en": bad}
    data["switch"]["manual"]["say"] = bad
    # Nothing may leave this computer: all machines are closed ports of the loopback interface.
    for number, site in enumerate(data["sites"].values(), 1):
        site["network"] = f"127.90.{number}.0/24"
        for last, machine in enumerate(site["machines"].values(), 1):
            machine |= {"address": f"127.90.{number}.{last}", "port": 9}
    data["roles"] = {"shop": {"name": {"en": bad}}, "kitchen": {"name": {"en": bad}}}
    there = tmp_path_factory.mktemp("injection")
    (there / "policy.yml").write_text(json.dumps(data))
    api.write(api.compile_tree(there / "policy.yml"), there / "build")
    # What the guard asks for, so that the runs below come further than to it.
    (there / ".ssh").mkdir()
    (there / ".ssh" / "bakers").write_text("not a key")
    (there / "vault.yml").write_text("bakers_copies_key: not a secret\n")
    assert bad in json.loads((there / "build" / "plan.json").read_text())["activities"]["sell"]["name"]["en"]
    return there / "build"


def ansible(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"ansible.cli.{tool}", *arguments]
    home = {"HOME": str(folder.parent), "ANSIBLE_LOCAL_TEMP": str(folder.parent / "tmp"), "ANSIBLE_NOCOLOR": "1"}
    environment = {**os.environ, **home, "BASCULE_DECLARE": "{{ lookup('pipe', 'false') }}"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


def test_the_inventory_is_read(folder: Path, mark: Path) -> None:
    assert ansible(folder, "inventory", "--list").returncode == 0
    assert not mark.exists()


def test_every_variable_is_evaluated(folder: Path, mark: Path) -> None:
    show = folder.parent / "show.yml"
    task = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ hostvars[inventory_hostname] | to_json }}"}}
    show.write_text(
        yaml.safe_dump([{"name": "All", "hosts": "controller:units", "gather_facts": False, "tasks": [task]}])
    )
    ended = ansible(folder, "playbook", str(show))
    assert "ok=1" in ended.stdout, ended.stdout + ended.stderr
    assert not mark.exists()


DRIVERS = sorted(path.name for path in ROOT.glob("playbooks/dr-*.yml"))


def test_the_drivers_are_listed(folder: Path, mark: Path) -> None:
    ended = ansible(folder, "playbook", *DRIVERS, "--list-tasks", "--list-hosts")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not mark.exists()


@pytest.mark.slow
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_drivers_run(folder: Path, mark: Path, driver: str) -> None:
    # What the run says does not matter here: no machine answers.
    ended = ansible(folder, "playbook", driver, "--check", "-e", "only=sell", "-e", f"@{folder.parent / 'vault.yml'}")
    # No machine answers, so nothing is known that one could come back from; and nothing is built in a cloud.
    assert "Refused" not in ended.stdout or driver in ("dr-failback.yml", "dr-sweep.yml"), ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert not mark.exists()
