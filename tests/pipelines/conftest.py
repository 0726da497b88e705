# SPDX-License-Identifier: Apache-2.0
"""Compiled folders whose pipelines are looked at and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from bascule import api
from bascule.emit.tree import Tree

ROOT = Path(__file__).parents[2]
POLICIES = {
    "small": ROOT / "tests" / "golden" / "small" / "policy.yml",
    "atelier": ROOT / "examples" / "atelier" / "policy.yml",
    "atelier-aws": ROOT / "examples" / "atelier" / "policy-aws.yml",
}


@pytest.fixture(scope="session")
def trees() -> dict[str, Tree]:
    """The compiled folders in memory, by policy: English without a cloud, French without and with one."""
    return {name: api.compile_tree(policy) for name, policy in POLICIES.items()}


@pytest.fixture(scope="session")
def folders(trees: dict[str, Tree], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same on disk; nobody writes into them."""
    where = tmp_path_factory.mktemp("compiled")
    for name, tree in trees.items():
        api.write(tree, where / name)
    return {name: where / name for name in trees}
