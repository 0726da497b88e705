# SPDX-License-Identifier: Apache-2.0
"""Keys and secrets of a rehearsal: what the person has is used, the rest is made and removed again."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bascule_lab import zone
from bascule_lab.errors import LabError
from bascule_lab.estate import Estate
from bascule_lab.process import attempt, last_lines, run
from bascule_lab.state import State, expand, give

MADE = "made.json"
VALUES = "secrets.json"


def prepare(estate: Estate, state: State) -> None:
    """Make sure that each secret of the policy has a value: the environment's, the file's, or a new one.

    New files are remembered in the state folder, so that `forget` removes exactly them.
    """
    values: dict[str, str] = state.read_json(VALUES, {})
    for name, source in estate.secrets.items():
        if "file" in source:
            prepare_file(estate, state, name, expand(source["file"], estate.policy.parent))
        elif source.get("env", "") in os.environ:
            values[name] = os.environ[source["env"]]
        elif name not in values:
            values[name] = fresh(estate, name)
    state.write_json(VALUES, values)
    vault = {source["vault"]: values[name] for name, source in estate.secrets.items() if "vault" in source}
    if vault:
        state.write_json("vault.json", vault)
    if not state.path("id").exists():
        make_key(state, state.path("id"), "bascule-lab")


def prepare_file(estate: Estate, state: State, name: str, path: Path) -> None:
    """Make the file of a secret unless it exists. It is noted before it is written: a broken `up` forgets nothing."""
    if path.exists():
        return
    made: list[str] = state.read_json(MADE, [])
    folders = [folder for folder in [*reversed(path.parents)] if not folder.exists()]
    files = [path, path.with_name(path.name + ".pub")] if is_machine_key(estate, name) else [path]
    state.write_json(MADE, made + [str(item) for item in [*folders, *files]])
    state.make_folder(path.parent)
    if is_machine_key(estate, name):
        make_key(state, path, "bascule-lab rehearsal")
    else:
        state.write(path, fresh(estate, name) + "\n")


def is_machine_key(estate: Estate, name: str) -> bool:
    """Whether a secret is the key that opens a machine."""
    return any(machine.key == name for machine in estate.machines.values())


def fresh(estate: Estate, name: str) -> str:
    """A new value for a secret, of the kind that its use asks for."""
    if estate.dns and estate.dns.key == name:
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        return zone.Key(zone.DEFAULT_KEY, zone.DEFAULT_ALGORITHM, secret).line()
    if name in estate.tunnel_keys:
        return tunnel_key()
    if is_machine_key(estate, name):
        with tempfile.TemporaryDirectory(prefix="bascule-lab-") as folder:
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", f"{folder}/key"])
            return Path(folder, "key").read_text()
    return secrets.token_urlsafe(32)


def tunnel_key() -> str:
    """A new private key of WireGuard, as `wg genkey` makes it: 32 bytes of which five bits are set, in base64."""
    key = bytearray(secrets.token_bytes(32))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return base64.b64encode(key).decode()


def make_key(state: State, path: Path, comment: str) -> None:
    """A new pair of ssh keys at `path` and `path`.pub."""
    state.make_folder(path.parent)
    path.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
    give(path)
    give(path.with_name(path.name + ".pub"))


def value(estate: Estate, state: State, name: str) -> str:
    """The value of a secret as the rehearsal uses it. Raises LabError when it has none yet."""
    source = estate.secrets.get(name)
    if source is None:
        raise LabError(f"The policy names the secret {name!r}, which is not under `secrets:`.")
    if "file" in source:
        path = expand(source["file"], estate.policy.parent)
        if not path.exists():
            raise LabError(f"The secret {name} should be in {path}, which is not there. Run `bascule-lab up` first.")
        return path.read_text()
    values: dict[str, str] = state.read_json(VALUES, {})
    if name not in values:
        raise LabError(f"The secret {name} has no value yet. Run `bascule-lab up` first.")
    return values[name]


def environment(estate: Estate, state: State) -> dict[str, str]:
    """Environment variable -> value, for each `env:` secret of the policy."""
    return {source["env"]: value(estate, state, name) for name, source in estate.secrets.items() if "env" in source}


def instance_keys(estate: Estate, state: State) -> dict[str, Path]:
    """Machine -> the file of the key that its user data lets in, for machines that are built."""
    files = {name: source["file"] for name, source in estate.secrets.items() if "file" in source}
    return {
        machine.id: expand(files[machine.key], estate.policy.parent)
        if machine.key in files
        else state.path("keys", machine.key)
        for machine in estate.machines.values()
        if machine.site in estate.built and machine.key
    }


def lay_instance_keys(estate: Estate, state: State) -> None:
    """Put keys that are no files into files, for `bascule-lab ssh`."""
    for machine, path in instance_keys(estate, state).items():
        name = estate.machines[machine].key
        if name and path == state.path("keys", name):
            state.write(path, value(estate, state, name))


def public_keys(estate: Estate, state: State) -> dict[str, list[str]]:
    """Machine -> public keys that open it: the one of its `key:` and the lab's own. Private halves stay put."""
    own = public_half(state.path("id"))
    seen: dict[str, str] = {}
    result: dict[str, list[str]] = {}
    for machine in estate.standing.values():
        result[machine.id] = [own]
        if machine.key:
            if machine.key not in seen:
                seen[machine.key] = public_of(estate, state, machine.key)
            result[machine.id].append(seen[machine.key])
    return result


def public_of(estate: Estate, state: State, name: str) -> str:
    """The public half of a secret that is an ssh key."""
    source: Mapping[str, str] = estate.secrets.get(name, {})
    if "file" in source:
        return public_half(expand(source["file"], estate.policy.parent))
    with tempfile.TemporaryDirectory(prefix="bascule-lab-") as folder:
        return public_half(state.write(Path(folder) / "key", value(estate, state, name)))


def public_half(path: Path) -> str:
    """The public half of a private key's file. Raises LabError when ssh-keygen cannot read it."""
    beside = path.with_name(path.name + ".pub")
    done = attempt(["ssh-keygen", "-y", "-P", "", "-f", str(path)])
    if done.returncode == 0:
        return done.stdout.decode().strip()
    if beside.exists():  # the key has a passphrase; its public half was laid beside it
        return beside.read_text().strip()
    raise LabError(
        f"{path} cannot be read as an ssh key: {last_lines(done.stderr, 1)}. Put its public half at {beside}."
    )


def forget(state: State) -> None:
    """Remove the secret files that `prepare` made, and its folders when nothing else is in them."""
    for text in reversed(state.read_json(MADE, [])):
        path = Path(text)
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
