# SPDX-License-Identifier: Apache-2.0
"""What the pipelines of a compiled folder hold: held against published schemas, linters, and rules of our own."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bascule import api
from bascule.emit.ci_github import github
from bascule.emit.ci_words import PAGES, README, SCRIPTS
from bascule.emit.tree import FolderError, Tree

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "golden" / "small" / "policy.yml"
AWS = ROOT / "examples" / "atelier" / "policy-aws.yml"
# Built from its Go module when it is not there yet.
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"
TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bascule" / "tools"
FOLDERS = ("small", "atelier", "atelier-aws")


def beside(program: str) -> str:
    found = Path(sys.executable).with_name(program)
    if not found.exists():
        pytest.skip(f"{program} is not installed for this Python")
    return str(found)


def ran(*command: str, cwd: Path) -> None:
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def jobs(tree: Tree, path: str) -> dict[str, Any]:
    """The jobs of a pipeline by their names."""
    read = yaml.safe_load(tree[path].content)
    return dict(read["jobs"]) if "jobs" in read else {key: job for key, job in read.items() if "script" in job}


def pipelines(trees: dict[str, Tree]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, tree in trees.items():
        for path in tree:
            if path.startswith("ci/") and path.endswith(".yml"):
                yield f"{name} {path}", jobs(tree, path)


@pytest.mark.parametrize(
    ("schema", "files", "count"), [("github-workflows", "github/*.yml", 6), ("gitlab-ci", "gitlab.yml", 3)]
)
def test_the_published_schemas_accept_them(folders: dict[str, Path], schema: str, files: str, count: int) -> None:
    found = sorted(str(path) for folder in folders.values() for path in (folder / "ci").glob(files))
    assert len(found) == count
    ran(beside("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *found, cwd=ROOT)


def test_shellcheck_accepts_the_jobs(folders: dict[str, Path]) -> None:
    ci = folders["atelier-aws"] / "ci"
    scripts = sorted(path.name for path in ci.glob("*.sh") if path.name != "words.sh")
    assert scripts == ["check.sh", "common.sh", "preview.sh", "verify.sh"]
    ran(beside("shellcheck"), "-x", *scripts, cwd=ci)


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_actionlint_accepts_the_workflows(folders: dict[str, Path], folder: str, tmp_path: Path) -> None:
    program = TOOLS / "actionlint"
    if not program.exists():
        go = shutil.which("go")
        if not go:
            pytest.skip("Go is not here, from whose module actionlint is built")
        subprocess.run([go, "install", ACTIONLINT], env={**os.environ, "GOBIN": str(TOOLS)}, check=True, timeout=900)
    # The label of a runner of one's own is known to nobody else.
    settings = tmp_path / "actionlint.yaml"
    settings.write_text("self-hosted-runner: {labels: [bascule]}\n")
    workflows = sorted(str(path) for path in (folders[folder] / "ci" / "github").glob("*.yml"))
    ran(str(program), "-config-file", str(settings), "-shellcheck", beside("shellcheck"), *workflows, cwd=tmp_path)


def test_every_job_has_a_limit_and_never_runs_twice_at_once(trees: dict[str, Tree]) -> None:
    seen = 0
    for name, found in pipelines(trees):
        for job in found.values():
            seen += 1
            assert job.get("timeout-minutes") or job.get("timeout"), name
            assert job.get("concurrency", {}).get("group") or job.get("resource_group"), name
    assert seen == 3 * (2 + 2) + 2


def test_permissions_are_the_fewest_and_no_key_is_stored(trees: dict[str, Tree]) -> None:
    for name, tree in trees.items():
        for path in (path for path in tree if path.startswith("ci/github/")):
            assert yaml.safe_load(tree[path].content)["permissions"] == {}
            for job, found in jobs(tree, path).items():
                wanted = {"contents": "read", **({"id-token": "write"} if job == "preview" else {})}
                assert found["permissions"] == wanted, (name, job)
                checkout = found["steps"][0]
                assert checkout["with"] == {"persist-credentials": False}
    for tree in trees.values():
        texts = [file.content.decode() for path, file in tree.items() if re.match(r"ci/.*\.yml", path)]
        assert not [text for text in texts if re.search(r"secrets\.|ACCESS_KEY|pull_request_target", text)]


def test_everything_from_elsewhere_is_pinned(trees: dict[str, Tree]) -> None:
    for name, found in pipelines(trees):
        for job in found.values():
            for step in job.get("steps", ()):
                assert "uses" not in step or re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", step["uses"]), name
            image = job.get("container") or job.get("image")
            image = (image.get("image") or image.get("name")) if isinstance(image, dict) else image
            assert image is None or re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z]+)?", image), name
            assert job.get("runs-on", "ubuntu-24.04") in ("ubuntu-24.04", ["self-hosted", "bascule"])


def test_only_what_the_policy_needs(trees: dict[str, Tree]) -> None:
    for name, tree in trees.items():
        cloud = name == "atelier-aws"
        assert any("preview" in path for path in tree if path.startswith("ci/")) == cloud
        assert ("preview" in jobs(tree, "ci/github/bascule-change.yml")) == cloud
        assert ("bascule-preview" in jobs(tree, "ci/gitlab.yml")) == cloud
        readme = tree["README.md"].content.decode()
        assert ("BASCULE_AWS_ROLE" in readme) == cloud
        assert "`BASCULE_PACKAGE`" in readme


def test_the_runner_of_ones_own_never_runs_what_is_only_proposed(trees: dict[str, Tree]) -> None:
    for tree in trees.values():
        weekly = yaml.safe_load(tree["ci/github/bascule-verify.yml"].content)
        assert set(weekly["on"]) == {"schedule", "workflow_dispatch"}
        rules = jobs(tree, "ci/gitlab.yml")["bascule-verify"]["rules"]
        assert not [rule for rule in rules if "merge_request" in rule["if"] or "push" in rule["if"]]


@pytest.mark.parametrize("policy", [SMALL, AWS], ids=["small", "aws"])
def test_texts_of_a_policy_never_get_into_a_pipeline(policy: Path, tmp_path: Path) -> None:
    """Not a byte of `ci/` changes with a text of the policy."""
    for name in ("checks", "docs", "roles"):
        if (policy.parent / name).is_dir():
            shutil.copytree(policy.parent / name, tmp_path / name)
    data = yaml.safe_load(policy.read_text())
    before = {path: file for path, file in api.compile_tree(policy).items() if path.startswith("ci/")}
    bad = "::error::x ${{ secrets.X }} $(touch x) `id` '; exit 0 #"
    data["organisation"]["name"] = {"en": bad, "fr": bad}
    for part in ("activities", "systems", "sites", "risks", "roles"):
        for entry in data.get(part, {}).values():
            entry["name"] = {"en": bad}
    (tmp_path / "policy.yml").write_text(json.dumps(data))
    after = {path: file for path, file in api.compile_tree(tmp_path / "policy.yml").items() if path.startswith("ci/")}
    assert after == before


def test_a_region_that_is_no_word_is_refused() -> None:
    plan = api.plan(AWS)
    site = plan.sites["standby"]
    assert site.cloud
    cloud = dataclasses.replace(site.cloud, region="${{ secrets.X }}")
    sites = {**plan.sites, "standby": dataclasses.replace(site, cloud=cloud)}
    with pytest.raises(FolderError, match="region"):
        github(dataclasses.replace(plan, sites=sites))


def test_tools_of_the_jobs_are_those_of_the_package() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for job, names in {"verify": ("ansible", "verify"), "preview": ("aws",)}.items():
        lines = (ROOT / "pipelines" / f"requirements-{job}.txt").read_text().splitlines()
        assert [line for line in lines if line and line[0] != "#"] == [line for name in names for line in extras[name]]


def test_words_are_the_same_in_both_languages_and_all_are_used() -> None:
    for words in (PAGES, SCRIPTS, README):
        assert list(words["en"]) == list(words["fr"])
    texts = "".join(path.read_text() for path in (ROOT / "pipelines").iterdir() if path.is_file())
    said = set(re.findall(r"\$say_([a-z_]+)", texts)) | set(re.findall(r"SAY\.get\([\"']([a-z_]+)", texts))
    assert said | {"protect", "activate"} == set(SCRIPTS["en"])
    # GitLab shows it only when it is plain.
    assert all(re.fullmatch(r"\w[-\w ]*", words["exposed"], re.ASCII) for words in PAGES.values())
