# SPDX-License-Identifier: Apache-2.0
"""The job that shows previews, with the real engine, the real program and the double of AWS behind them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engine
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOj0P5P4TQ3TeFz20GgAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def built(tmp_path: Path, folders: dict[str, Path]) -> Path:
    shutil.copytree(folders["atelier-aws"], tmp_path / "build")
    if not (tmp_path / "build" / "stack" / "bridge.py").exists():
        pytest.skip("the program has no bridge")
    return tmp_path


def preview(built: Path, aws_double: Any, **more: str) -> subprocess.CompletedProcess[str]:
    environment = aws_double.environment(built, HOME=str(built), BASCULE_PUBLIC_KEY=KEY, **more)
    return subprocess.run(
        [str(built / "build" / "ci" / "preview.sh")], cwd=built, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_a_preview_from_nothing_shows_both_phases_and_leaves_nothing(built: Path, aws_double: Any) -> None:
    ended = preview(built, aws_double)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    protect, _, activate = (built / "bascule-results" / "preview.md").read_text().partition("### Une bascule")
    assert "| `+` | `aws:ec2/instance:Instance` | `bascule-atelier-db2` |" in protect
    assert "bascule-atelier-app2`" not in protect
    assert "| `+` | `aws:ec2/instance:Instance` | `bascule-atelier-app2` |" in activate
    assert "Simulé" in protect
    assert not (built / ".bascule").exists()
    assert not (built / "build" / "outputs").exists()


def test_what_the_rules_forbid_fails_the_change(built: Path, aws_double: Any) -> None:
    plan = built / "build" / "plan.json"
    text = plan.read_text()
    assert '"instance_type": "t3.small"' in text
    plan.write_text(text.replace('"instance_type": "t3.small"', '"instance_type": "m5.4xlarge"'))
    ended = preview(built, aws_double)
    assert ended.returncode == 1
    assert "m5.4xlarge" in (built / "bascule-results" / "preview.md").read_text()
