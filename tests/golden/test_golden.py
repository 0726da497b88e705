# SPDX-License-Identifier: Apache-2.0
"""What the compiler makes of four policies, to the byte; `make golden` accepts a change."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bascule import api
from bascule.emit.tree import Tree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAMPLE = ROOT / "examples" / "atelier"
POLICIES = {
    "small": HERE / "small" / "policy.yml",
    "atelier": SAMPLE / "policy.yml",
    "atelier-aws": SAMPLE / "policy-aws.yml",
    "cold": ROOT / "tests" / "lab" / "policies" / "cold" / "policy.yml",
}
IN_A_CLOUD = ("atelier-aws", "cold")
GENERATED = ("plan.json", "checks.json", "inventory/hosts.yml", "ansible.cfg", "ssh_config", "known_hosts", "README.md")
PIPELINES = ("ci/github/bascule-change.yml", "ci/github/bascule-verify.yml", "ci/gitlab.yml", "ci/words.sh")
# Only where a site is built.
BUILT = ("inventory/standby.yml", "stack/Pulumi.yaml")
# Written by hand, compared with where they come from below.
CARRIED = {
    "collections/ansible_collections/bascule/continuity/plugins": ROOT / "plugins",
    "collections/ansible_collections/bascule/continuity/meta": ROOT / "meta",
    "collections/ansible_collections/bascule/continuity/LICENSES": ROOT / "LICENSES",
    "lib/bascule_runtime": ROOT / "src" / "bascule_runtime",
    "tests/standby": ROOT / "tests" / "standby",
}


@pytest.fixture(scope="module", params=POLICIES)
def compiled(request: pytest.FixtureRequest) -> tuple[str, Tree]:
    return request.param, api.compile_tree(POLICIES[request.param])


@pytest.mark.parametrize("path", [*GENERATED, *PIPELINES])
def test_generated(compiled: tuple[str, Tree], path: str, expect: Callable[[Path, str], None]) -> None:
    name, tree = compiled
    # The digest is of every byte of the policy, comments too.
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", tree[path].content.decode())
    expect(HERE / name / "expected" / path, text)


@pytest.mark.parametrize("path", BUILT)
def test_generated_where_a_site_is_built(path: str, expect: Callable[[Path, str], None]) -> None:
    for name, policy in POLICIES.items():
        tree = api.compile_tree(policy)
        assert (path in tree) == (name in IN_A_CLOUD)
        if path in tree:
            text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", tree[path].content.decode())
            expect(HERE / name / "expected" / path, text)


def test_the_program_is_the_one_that_is_here(compiled: tuple[str, Tree]) -> None:
    name, tree = compiled
    here = ROOT / "stacks" / "aws_standby"
    carried = {path.removeprefix("stack/") for path in tree if path.startswith("stack/")}
    ours = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert carried == (ours if name in IN_A_CLOUD else set())
    for path in carried - {"Pulumi.yaml"}:
        assert tree[f"stack/{path}"].content == (here / path).read_bytes(), path


def test_nothing_else_is_in_it(compiled: tuple[str, Tree], expect: Callable[[Path, str], None]) -> None:
    name, tree = compiled
    apart = (*CARRIED, "playbooks", "dr-", "stack")
    expect(HERE / name / "expected" / "files.txt", "".join(f"{path}\n" for path in tree if not path.startswith(apart)))


def test_what_is_carried_is_what_is_here(compiled: tuple[str, Tree]) -> None:
    _, tree = compiled
    for there, here in CARRIED.items():
        ours = {
            path.relative_to(here).as_posix(): path
            for path in here.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        assert {path.removeprefix(there + "/") for path in tree if path.startswith(there + "/")} == set(ours)
        assert all(tree[f"{there}/{name}"].content == path.read_bytes() for name, path in ours.items())


def test_only_the_playbooks_that_are_used(compiled: tuple[str, Tree]) -> None:
    name, tree = compiled
    kinds = {path.split("/")[2] for path in tree if path.startswith("playbooks/systems/")}
    assert kinds <= {"postgresql", "files", "service"}
    assert {path.split("/")[2] for path in tree if path.startswith("playbooks/switches/")} <= {
        "manual" if name == "small" else "dns"
    }
    assert {path for path in tree if path.startswith("dr-")} == {path.name for path in ROOT.glob("playbooks/dr-*.yml")}
    # Under their full names the drivers are in the folder's own collection: the same bytes.
    full = "collections/ansible_collections/bascule/continuity/playbooks/"
    named = {path.removeprefix(full): file for path, file in tree.items() if path.startswith(full)}
    assert set(named) == {path.name for path in ROOT.glob("playbooks/dr[-_]*.yml")}
    assert all(named[path].content == tree[path].content for path in named if path in tree)
    assert {path for path in tree if "dr_" in path and path.endswith(".yml")} == {
        full + path for path in named if path.startswith("dr_")
    }


def test_variables_of_the_firm_are_found_by_whichever_name_a_driver_is_started(tmp_path: Path) -> None:
    firm = tmp_path / "firm"
    firm.mkdir()
    shutil.copy(POLICIES["small"], firm / "policy.yml")
    for place, text in {"group_vars/site_standby.yml": "oven: hot", "host_vars/shop2.yml": "counter: 2"}.items():
        (firm / place).parent.mkdir()
        (firm / place).write_text(text + "\n")
    api.write(api.compile_tree(firm / "policy.yml"), tmp_path / "build")
    # Without a playbook beside which they could lie.
    shown = subprocess.run(
        [sys.executable, "-m", "ansible.cli.inventory", "--host", "shop2"], cwd=tmp_path / "build", timeout=300,
        env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(shown.stdout)
    assert (found["oven"], found["counter"]) == ("hot", 2)


def test_nothing_of_this_computer_is_in_it(compiled: tuple[str, Tree]) -> None:
    _, tree = compiled
    for path, file in tree.items():
        assert str(ROOT).encode() not in file.content, path
