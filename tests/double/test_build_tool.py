# SPDX-License-Identifier: Apache-2.0
"""tools/pulumi: with a double of Go, so that no test takes the minutes of the real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "tools" / "pulumi" / "build.py"
# A double of Go: writes programs that say a version, after a while, and keeps a list of what it was asked.
GO = """
    #!/bin/sh
    # a double of Go
    echo "$*" >>"$ASKED"
    case $1 in
    version) echo "go version go$GO_VERSION linux/amd64" ;;
    list) case $* in *-m*) echo "$SOURCES" ;; *) echo one; echo two ;; esac ;;
    build)
        sleep "${PAUSE:-0}"
        [ -z "$BROKEN" ] || { echo "cannot find main module"; exit 1; }
        while [ "$1" != -o ]; do case $1 in *Version=*) v=${1##*=} ;; esac; shift; done
        printf '#!/bin/sh\\necho %s\\n' "${WRONG:-$v}" >"$2"
        chmod +x "$2"
        ;;
    esac
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with the double of Go, no Pulumi, and a cache of its own."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text(textwrap.dedent(GO).lstrip())
    (tools / "go").chmod(0o755)
    script = tmp_path / "sources" / "python" / "cmd"
    script.mkdir(parents=True)
    (script / "pulumi-language-python-exec").write_text("#!/usr/bin/env python3\n")
    return {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "SOURCES": str(tmp_path / "sources"),
        "ASKED": str(tmp_path / "asked"),
        "GO_VERSION": "1.26.8",
    }


def build(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILD), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def left_over(env: dict[str, str]) -> list[str]:
    """What lies in the cache beside the finished folder and its lock."""
    folder = Path(env["XDG_CACHE_HOME"]) / "bascule" / "pulumi"
    return [path.name for path in folder.iterdir() if path.name.startswith(".") and not path.name.endswith(".lock")]


def test_builds_once_and_prints_only_the_folder(env: dict[str, str]) -> None:
    first, asked = build(env), Path(env["ASKED"])
    assert first.returncode == 0, first.stderr
    folder = Path(first.stdout.strip())
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi", "pulumi-language-python", "pulumi-language-python-exec",
    ]  # fmt: skip
    assert all(os.access(path, os.X_OK) for path in folder.iterdir())
    assert "five minutes" in first.stderr
    assert "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0" in asked.read_text()
    before = asked.read_text()
    again = build(env)
    assert (again.stdout, again.stderr, asked.read_text()) == (first.stdout, "", before)
    assert left_over(env) == []


def test_a_pulumi_that_is_installed_is_taken(env: dict[str, str], tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    for name in ("pulumi", "pulumi-language-python"):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    assert build(env).stdout.strip() == str(tools)
    assert build(env, "--own").stdout.strip() != str(tools)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"PATH": "/nonexistent"}, "Go, which would build it, is not here"),
        ({"GO_VERSION": "1.19.8"}, "Go 1.19.8 is too old to build it. Install Go 1.25.11 or newer"),
    ],
)
def test_what_is_missing_is_said(env: dict[str, str], change: dict[str, str], sentence: str) -> None:
    ended = build(env | change)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"BROKEN": "yes"}, "go build failed while it was compiling the command line: cannot find main module"),
        ({"WRONG": "v0.0.1"}, "says 'v0.0.1' for its version, not v3.259.0"),
    ],
)
def test_what_failed_leaves_nothing(env: dict[str, str], change: dict[str, str], sentence: str) -> None:
    ended = build(env | change)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert sentence in ended.stderr
    assert left_over(env) == []
    assert build(env).returncode == 0


def test_two_at_once_build_once(env: dict[str, str]) -> None:
    command = [sys.executable, str(BUILD)]
    slow = env | {"PAUSE": "1"}
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, env=slow, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0][0] == said[1][0] != ""
    assert Path(env["ASKED"]).read_text().count("build ") == 2
    assert any("waiting for that one" in errors for _output, errors in said)


def test_one_that_is_ended_leaves_nothing_and_can_go_on(env: dict[str, str]) -> None:
    slow = env | {"PAUSE": "30"}
    one = subprocess.Popen([sys.executable, str(BUILD)], env=slow, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    while "build " not in (Path(env["ASKED"]).read_text() if Path(env["ASKED"]).exists() else ""):
        assert time.monotonic() < until
        time.sleep(0.05)
    one.send_signal(signal.SIGTERM)
    _output, errors = one.communicate(timeout=20)
    assert one.returncode == 1
    assert "interrupted" in errors
    assert left_over(env) == []
    assert build(env).returncode == 0
