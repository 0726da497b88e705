#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives the real Pulumi engine to tests and to closed networks: prints the folder to put on PATH.

    PATH=$(python3 tools/pulumi/build.py):$PATH pulumi version

A Pulumi that is on PATH already (the command line with its language host for Python) is taken as it is. Else both
programs are built with Go from Pulumi's own modules, `cli/` and `python-host/` here, as their go.sum pins them: about
five minutes on two processors the first time. The folder goes into the user's cache, outside the checkout, under a name
made from the version and from the bytes of the go.mod and go.sum; it is there whole or not at all.

Progress goes to standard error, the folder alone to standard output.
Exit codes: 0 the folder is printed, 1 the build failed, 2 wrong use, 3 this computer cannot build it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gobuild import CANNOT, FAILED, BuildError, Go, check_go, numbers, say

HERE = Path(__file__).resolve().parent
SDK = "github.com/pulumi/pulumi/sdk/v3"
ENGINE = "github.com/pulumi/pulumi/pkg/v3"
MODULES = ("cli", "python-host")
PINS = ("go.mod", "go.sum")
# Module here, what it requires, what is built from that, how people call it.
PARTS = (
    ("cli", ENGINE, f"{ENGINE}/cmd/pulumi", "the command line"),
    ("python-host", SDK, f"{SDK}/python/cmd/pulumi-language-python", "the host for Python programs"),
)
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
ROOM_BYTES = 4 * 1024**3


def on_path() -> Path | None:
    """The folder of a Pulumi that is installed, None when there is none that can run Python programs."""
    found = shutil.which("pulumi")
    return Path(found).resolve().parent if found and shutil.which("pulumi-language-python") else None


def required(module: str, name: str) -> str:
    """The version of a module that a go.mod here requires; with the name `go`, the version of Go."""
    pattern = r"^go (\S+)$" if name == "go" else rf"^\s*(?:require )?{re.escape(name)} (v\S+)"
    found = re.search(pattern, (HERE / module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise BuildError(f"tools/pulumi/{module}/go.mod does not say which {name} it needs.")
    return found[1]


def home() -> Path:
    """Where the finished folder belongs: named after the version and after all that pins what is built."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    pins = b"".join((HERE / module / name).read_bytes() for module in MODULES for name in PINS)
    return base / "bascule" / "pulumi" / f"{required('cli', ENGINE)}-{hashlib.sha256(pins).hexdigest()[:12]}"


def is_whole(folder: Path) -> bool:
    """Whether all programs are in the folder and may be run."""
    return all(os.access(folder / name, os.X_OK) for name in PROGRAMS)


def check_room(folder: Path) -> None:
    """Raises BuildError, code 3, when the disk has no room for the sources and what Go keeps of the build."""
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        raise BuildError(
            f"Building Pulumi takes {ROOM_BYTES >> 30} GiB of the disk that holds {folder}; "
            f"{free / 1024**3:.1f} GiB are free. Make room and start again.",
            CANNOT,
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; says so when it has to wait."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process builds it: waiting for that one")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(go: Go, into: Path) -> None:
    """Build both programs into a folder, and put the script beside them that the language host starts."""
    for module, requirement, package, label in PARTS:
        version = required(module, requirement)
        count = len(go.run(module, ["list", "-deps", package], f"fetching the sources of {label} {version}"))
        say(f"{label}: {count} packages, of which those are compiled that this computer has not compiled before")
        # Without its version in it, the command line is refused by Pulumi's Automation API.
        flags = f"-s -w -X {SDK}/go/common/version.Version={version}"
        program = str(into / package.rpartition("/")[2])
        go.run(module, ["build", "-v", "-trimpath", "-ldflags", flags, "-o", program, package], f"compiling {label}")
    folder = go.run("cli", ["list", "-m", "-f", "{{.Dir}}", SDK], "looking for the host's script")[-1]
    script = into / "pulumi-language-python-exec"
    shutil.copyfile(Path(folder) / "python" / "cmd" / script.name, script)
    for name in PROGRAMS:
        (into / name).chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)


def prove(folder: Path) -> None:
    """Ask what was built for its version. Raises BuildError when it does not say the one that was asked for."""
    wanted = required("cli", ENGINE)
    settings = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "1"}
    answer = subprocess.run(
        [str(folder / "pulumi"), "version"], env=settings, capture_output=True, text=True, check=False, timeout=60
    )
    if answer.stdout.strip() != wanted:
        raise BuildError(
            f"What was built says {(answer.stdout or answer.stderr).strip()!r} for its version, not {wanted}."
        )


def provide() -> Path:
    """The finished folder; builds it when it is missing. Raises BuildError."""
    folder = home()
    if is_whole(folder):
        return folder
    check_go(HERE / "cli", max((required(module, "go") for module in MODULES), key=numbers))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / f".{folder.name}.lock"):
        if is_whole(folder):
            return folder
        check_room(folder.parent)
        # What an earlier build left when it was killed: ours alone, since we hold the lock.
        for left in folder.parent.glob(f".{folder.name}.build-*"):
            shutil.rmtree(left, ignore_errors=True)
        say("Pulumi is not on PATH: building it from its own Go modules, about five minutes on two processors, once")
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.build-", dir=folder.parent) as work:
            new = Path(work) / "bin"
            new.mkdir()
            build(Go(HERE), new)
            prove(new)
            if folder.exists():
                shutil.rmtree(folder)
            new.rename(folder)
    say(f"done: {folder}")
    return folder


def interrupted(_number: int, _frame: object) -> None:
    """Asked to end: what was begun is removed on the way out."""
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Print the folder and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], epilog="Exit codes: 0, 1 failed, 3 cannot."
    )
    parser.add_argument("--own", action="store_true", help="build, also when a Pulumi is on PATH")
    parser.add_argument("--where", action="store_true", help="print where the folder would be and build nothing")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        folder = home() if args.where else (None if args.own else on_path()) or provide()
    except BuildError as error:
        print(f"tools/pulumi: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"tools/pulumi: {error.filename or 'this computer'}: {error.strerror or error}.", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("tools/pulumi: interrupted; the same command again goes on from what was compiled.", file=sys.stderr)
        return FAILED
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
