# SPDX-License-Identifier: Apache-2.0
"""The Python packages of a run, fetched beside the compiled folder, so that the worst day needs no package registry."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from bascule.commands import Unable

_EXTRAS = ("ansible", "verify")
_CLOUD_EXTRAS = (*_EXTRAS, "aws")
_LIMIT_S = 900


def fetch(folder: Path, cloud: bool = False) -> tuple[str, ...]:
    """Fetch into `folder/wheels` what the extras `ansible` and `verify` name, with `cloud` also what `aws` does, with
    `SHA256SUMS`; return the file names.

    Raise Unable when pip is missing or fails.
    """
    wanted = _wanted(_CLOUD_EXTRAS if cloud else _EXTRAS)
    wheels = folder / "wheels"
    wheels.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--dest", str(wheels), *wanted]
    print(f"fetching {', '.join(wanted)} for Python {sys.version_info[0]}.{sys.version_info[1]}", file=sys.stderr)
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unable(f"pip did not finish ({error}); try again, or compile without --wheels") from error
    if ended.returncode:
        raise Unable(
            "pip could not fetch the packages (its words are above); compile without --wheels, or mend that first"
        )
    names = tuple(sorted(path.name for path in wheels.iterdir() if path.suffix in (".whl", ".gz")))
    sums = (f"{hashlib.sha256((wheels / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (wheels / "SHA256SUMS").write_text("".join(sums))
    return names


def _wanted(extras: Sequence[str] = _EXTRAS) -> list[str]:
    try:
        listed = requires("bascule") or []
    except PackageNotFoundError as error:
        raise Unable(
            "bascule is not installed as a package, so what a run needs is not known; install it with pip"
        ) from error
    rows = (line.partition(";") for line in listed)
    return [name.strip() for name, _, marker in rows if _applies(marker, extras)]


def _applies(marker: str, extras: Sequence[str]) -> bool:
    if not any(f'extra == "{extra}"' in marker.replace("'", '"') for extra in extras):
        return False
    old = sys.version_info < (3, 12)
    quoted = marker.replace("'", '"')
    return not (('python_version < "3.12"' in quoted and not old) or ('python_version >= "3.12"' in quoted and old))
