# SPDX-License-Identifier: Apache-2.0
"""What the compiler makes of two policies, to the byte; `make golden` accepts a change."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bascule import api
from bascule.emit.tree import Tree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
POLICIES = {"small": HERE / "small" / "policy.yml", "atelier": ROOT / "examples" / "atelier" / "policy.yml"}
GENERATED = ("plan.json", "checks.json", "inventory/hosts.yml", "ansible.cfg", "ssh_config", "known_hosts", "README.md")
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


@pytest.mark.parametrize("path", GENERATED)
def test_generated(compiled: tuple[str, Tree], path: str, expect: Callable[[Path, str], None]) -> None:
    name, tree = compiled
    # The digest is of every byte of the policy, comments too.
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", tree[path].content.decode())
    expect(HERE / name / "expected" / path, text)


def test_nothing_else_is_in_it(compiled: tuple[str, Tree], expect: Callable[[Path, str], None]) -> None:
    name, tree = compiled
    apart = (*CARRIED, "playbooks", "dr-")
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
        "dns" if name == "atelier" else "manual"
    }
    assert {path for path in tree if path.startswith("dr-")} == {path.name for path in ROOT.glob("playbooks/dr-*.yml")}
    assert not any("dr_" in path for path in tree if path.endswith(".yml"))


def test_nothing_of_this_computer_is_in_it(compiled: tuple[str, Tree]) -> None:
    _, tree = compiled
    for path, file in tree.items():
        assert str(ROOT).encode() not in file.content, path
