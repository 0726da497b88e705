# SPDX-License-Identifier: Apache-2.0
"""What a stored run teaches, as a change of the policy that can be reviewed and applied, and that predictions use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bascule import api
from bascule.cli import main
from bascule.language import load
from bascule.learn import changed

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "atelier"
RUN = next((ROOT / "tests" / "pages" / "atelier" / "runs").iterdir())


def test_measured_beside_predicted_and_proposed() -> None:
    found = api.learn(SAMPLE / "policy.yml", [RUN])
    by = {one.system: one for one in found.taken}
    assert set(by) == {"erp-db", "erp", "documents", "documents-web", "website-db", "website"}
    assert (by["erp-db"].predicted_s, by["erp-db"].measured_s) == (4.0, 6.6)
    assert found.measured == {"erp-db": {"streaming": 7}, "erp": {"start": 6}, "documents-web": {"start": 6}}


def test_what_little_data_took_says_nothing_of_much() -> None:
    found = {one.system: one for one in api.learn(SAMPLE / "policy.yml", [RUN]).taken}
    assert found["documents"].why_not == "the run brought back 16 MB, the policy says 2147 MB"
    assert found["website"].why_not.startswith("the policy does not say how much")


def test_the_change_can_be_applied(tmp_path: Path) -> None:
    firm = tmp_path / "atelier"
    shutil.copytree(SAMPLE, firm)
    before = api.plan(firm / "policy.yml")
    change = api.learn(firm / "policy.yml", [RUN]).change
    subprocess.run(["patch", "-p1"], cwd=firm, input=change, text=True, check=True, capture_output=True, timeout=60)
    after = api.plan(firm / "policy.yml")
    assert before.systems["erp-db"].predicted.rto.seconds == 4.0
    assert after.systems["erp-db"].predicted.rto.seconds == 7.0
    assert "measured" in {part.source for part in after.systems["erp-db"].predicted.rto.parts}
    assert api.learn(firm / "policy.yml", [RUN]).change == "", "learnt already"


def test_older_figures_stay_and_newer_ones_count() -> None:
    text = "bascule: v1\nmeasured:\n  systems:\n    a: {start: 1s}\n# a word\nroles: {}\n"
    new = changed(text, {"a": {"streaming": 90}}, {"a": {"start": 1}, "b": {"restic": 7200}})
    assert new.count("measured:") == 1
    assert "    a: {start: 1s, streaming: 90s}\n    b: {restic: 2h}\n" in new
    assert "# a word\nroles: {}\n" in new


def test_options_use_what_was_measured(tmp_path: Path) -> None:
    firm = tmp_path / "atelier"
    shutil.copytree(SAMPLE, firm)
    text = (firm / "policy.yml").read_text(encoding="utf-8")
    (firm / "policy.yml").write_text(text + "measured:\n  systems:\n    erp-db: {pgbackrest: 3h}\n", encoding="utf-8")
    load(firm / "policy.yml")
    assert main(["options", str(firm / "policy.yml"), "orders", "--json"]) == 1, "30 minutes cannot be kept any more"


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", str(SAMPLE / "policy.yml"), str(RUN)]) == 0
    said = capsys.readouterr().out
    assert "+    erp-db: {streaming: 7s}" in said
    assert "not taken over" in said
    assert main(["learn", str(SAMPLE / "policy.yml"), str(SAMPLE)]) == 3
