# SPDX-License-Identifier: Apache-2.0
"""Secrets are named in the plan, looked up when a run needs them, and handed to modules only."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional

Vault = Callable[[str], str]
KEYGEN_S = 10


class MissingSecretError(Exception):
    """A secret that does not resolve; the text is a sentence for the user and never holds a value."""


def no_vault(name: str) -> str:
    """The vault of a caller that has none."""
    raise MissingSecretError(f"the variable {name} can only be read inside a run of ansible-playbook")


def named(value: Any) -> list[str]:
    """Names of all secrets in a tree of data: `{"secret": NAME}` and `"secrets": [NAME, …]`, sorted, once each."""
    return sorted(set(_walk(value)))


def _walk(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if set(value) == {"secret"} and isinstance(value["secret"], str):
            yield str(value["secret"])
            return
        for key, item in value.items():
            if key == "secrets" and isinstance(item, (list, tuple)):
                yield from (str(name) for name in item)
            else:
                yield from _walk(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _walk(item)


def _from_environment(name: str, variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise MissingSecretError(f"{name}: the environment variable {variable} is not set")
    return value


def _from_file(name: str, path: str) -> str:
    try:
        value = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise MissingSecretError(f"{name}: the file {path} cannot be read ({reason})") from None
    # An editor ends a file with a newline that is not part of a password; a private key needs its own.
    value = value if "\n" in value.rstrip("\n") else value.rstrip("\r\n")
    if not value:
        raise MissingSecretError(f"{name}: the file {path} is empty")
    return value


def resolve(name: str, declared: Mapping[str, Any], vault: Vault = no_vault) -> str:
    """The value of secret `name`; `declared` is the plan's `secrets`, `vault` reads an Ansible variable.

    Raises MissingSecretError with a sentence that names the secret and where it was looked for.
    """
    where = declared.get(name)
    if not where:
        raise MissingSecretError(f"{name}: the plan does not say where this secret is")
    if "env" in where:
        return _from_environment(name, str(where["env"]))
    if "file" in where:
        return _from_file(name, str(where["file"]))
    value = vault(str(where["vault"]))
    if not value:
        raise MissingSecretError(f"{name}: the variable {where['vault']} is empty")
    return value


def missing(names: Iterable[str], declared: Mapping[str, Any], vault: Vault = no_vault) -> list[str]:
    """One sentence for each of `names` that does not resolve; empty when all do."""
    sentences = []
    for name in names:
        try:
            resolve(name, declared, vault)
        except MissingSecretError as error:
            sentences.append(str(error))
    return sentences


def public_half(private: str) -> Optional[str]:
    """The public half of a private key of ssh, as kind and key; None when it is none, or has a passphrase."""
    # By a pipe: a file of it would have to be removed again.
    ended = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", "/dev/stdin"], capture_output=True, text=True,
                           timeout=KEYGEN_S, check=False, input=private if private.endswith("\n") else private + "\n")
    return None if ended.returncode else " ".join(ended.stdout.split()[:2])
