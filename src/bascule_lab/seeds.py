# SPDX-License-Identifier: Apache-2.0
"""Seeds: scripts of `lab.yml` that make of an empty machine what the firm has on day one."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

from bascule_lab import addresses, guests, keys
from bascule_lab.base import Lab
from bascule_lab.errors import LabError
from bascule_lab.host import PODMAN
from bascule_lab.process import attempt, last_lines, say
from bascule_lab.state import give, home

LIMIT_S = 1800
FOLDER = "/run/lab-seed"
LARGEST_BYTES = 50_000_000
RUN_ONE = f'cd {FOLDER} && chmod u+x -- "$1" && exec "./$1"'


def run_all(lab: Lab, fresh: set[str], image: str) -> None:
    """Run the scripts for machines that are new, in the order of `lab.yml`. Raises LabError when one fails."""
    for machine, scripts in lab.estate.seed.items():
        if machine in fresh and scripts:
            guests.lay(lab, machine)
            folder = cache_folder(lab, machine, image)
            give_back(lab, machine, folder)
            on_machine(lab, machine, ["tar", "-C", "/", "-xf", "-"], stdin=bundle(lab.estate.policy.parent))
            for script in scripts:
                run_one(lab, machine, script)
            on_machine(lab, machine, ["rm", "-rf", FOLDER])
            keep(lab, machine, folder)


def run_one(lab: Lab, machine: str, script: Path) -> None:
    """Run a script as root, in a copy of the policy's folder, with the rehearsal's secrets in its environment."""
    name = str(script.relative_to(lab.estate.policy.parent))
    say(f"seeding {machine} with {name}")
    secrets = {
        "BASCULE_SECRET_" + secret.upper().replace("-", "_"): keys.value(lab.estate, lab.state, secret).rstrip("\n")
        for secret in lab.estate.secrets
        if not keys.is_machine_key(lab.estate, secret)
    }
    options = [part for variable in secrets for part in ("--env", variable)]
    argv = [*lab.host.prefix(), PODMAN, "exec", "-i", *options, addresses.container(lab.estate.id, machine)]
    done = attempt(
        [*argv, "sh", "-c", RUN_ONE, "sh", name],
        limit_s=LIMIT_S,
        environment={**os.environ, **secrets},
        label=f"{name} on {machine}",
    )
    if done.returncode:
        said = last_lines(done.stderr + b"\n" + done.stdout)
        raise LabError(f"{name} failed on {machine} (exit {done.returncode}): {said}")


def bundle(folder: Path) -> bytes:
    """The policy's folder as a tar for a machine. Hidden files, links and compiled folders stay at home.

    Raises LabError when the rest is larger than 50 MB.
    """
    buffer = io.BytesIO()
    size = 0
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in wanted(folder):
            size += path.stat().st_size
            if size > LARGEST_BYTES:
                raise LabError(f"{folder} is larger than 50 MB; keep only the policy and its own files there.")
            entry = tar.gettarinfo(path, FOLDER[1:] + "/" + str(path.relative_to(folder)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            with path.open("rb") as file:
                tar.addfile(entry, file)
    return buffer.getvalue()


def wanted(folder: Path) -> list[Path]:
    """Plain files of a folder and of those under it that are neither hidden nor compiled nor generated, sorted."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__" or path.is_symlink():
            continue
        if path.is_dir() and not (path / "plan.json").exists():
            found += wanted(path)
        elif path.is_file():
            found.append(path)
    return found


def cache_folder(lab: Lab, machine: str, image: str) -> Path:
    """Where the files that `cache:` names are kept for a machine: another place when a seed or the image changes."""
    content = hashlib.sha256(image.encode())
    for script in lab.estate.seed[machine]:
        content.update(script.read_bytes())
    return home() / ".cache" / "bascule-lab" / lab.estate.id / f"{machine}-{content.hexdigest()[:12]}"


def give_back(lab: Lab, machine: str, folder: Path) -> None:
    """Lay the kept files into a machine before its seeds run."""
    for path in lab.estate.cache.get(machine, ()):
        kept = folder / path.lstrip("/").replace("/", "_")
        if kept.exists():
            on_machine(lab, machine, ["install", "-D", "-m", "600", "/dev/stdin", path], stdin=kept.read_bytes())


def keep(lab: Lab, machine: str, folder: Path) -> None:
    """Keep the files that `cache:` names for the next time."""
    for path in lab.estate.cache.get(machine, ()):
        kept = folder / path.lstrip("/").replace("/", "_")
        if not kept.exists():
            content = on_machine(lab, machine, ["cat", path])
            for made in lab.state.make_folder(folder):
                give(made)
            kept.write_bytes(content)
            kept.chmod(0o600)
            give(kept)


def on_machine(lab: Lab, machine: str, command: list[str], stdin: bytes = b"") -> bytes:
    """Run a command as root on a machine; it must succeed. Returns what it printed."""
    argv = [*lab.host.prefix(), PODMAN, "exec", "-i", addresses.container(lab.estate.id, machine), *command]
    done = attempt(argv, stdin=stdin)
    if done.returncode:
        raise LabError(f"{' '.join(command)} failed on {machine}: {last_lines(done.stderr)}")
    return done.stdout
