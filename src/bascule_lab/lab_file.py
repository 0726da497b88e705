# SPDX-License-Identifier: Apache-2.0
"""`lab.yml` beside a policy: what only the rehearsal needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bascule_lab.errors import USAGE, LabError

KEYS = ("packages", "seed", "cache", "addresses", "guests", "guest_packages")


_SIZE = re.compile(r"([1-9][0-9]{0,3})GiB")


@dataclass(frozen=True)
class Guest:
    """A guest of `lab.yml`: the machine on which it begins, the script that makes of a plain system what the firm has
    (it runs in the guest's root, before the first boot), and the size of its disk."""

    id: str
    host: str
    script: Path
    size_bytes: int


@dataclass(frozen=True)
class LabFile:
    """`packages`: Debian packages beyond the base image. `seed`: machine -> scripts, in the order in which they run.
    `cache`: machine -> files on it that the seeds make and that are kept for the next lab. `addresses`: site ->
    network to use instead of the policy's. `guests`: guests of hypervisors, which begin on a machine of the lab;
    `guest_packages`: Debian packages in all of them."""

    packages: tuple[str, ...] = ()
    seed: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    cache: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    guests: tuple[Guest, ...] = ()
    guest_packages: tuple[str, ...] = ()


def read(policy: Path) -> LabFile:
    """Read the `lab.yml` beside a policy; all empty when there is none. Raises LabError (2) for what it cannot use."""
    path = policy.parent / "lab.yml"
    if not path.exists():
        return LabFile()
    data = read_yaml(path)
    unknown = [str(key) for key in data if key not in KEYS]
    if unknown:
        raise LabError(f"{path} has {', '.join(unknown)}; it may have {', '.join(KEYS)}.", USAGE)
    seed = {name: tuple(path.parent.resolve() / item for item in items) for name, items in lists(data, "seed", path)}
    for script in (script for scripts in seed.values() for script in scripts):
        if not script.is_file() or not script.resolve().is_relative_to(path.parent.resolve()):
            raise LabError(f"{path} names the script {script}, which is no file beside the policy.", USAGE)
    cache = {name: tuple(items) for name, items in lists(data, "cache", path)}
    for kept in (item for items in cache.values() for item in items):
        if not kept.startswith("/"):
            raise LabError(f"{path} keeps {kept}; write the whole path on the machine, from / on.", USAGE)
    addresses = {str(site): str(network) for site, network in (data.get("addresses") or {}).items()}
    return LabFile(
        tuple(sorted({str(item) for item in data.get("packages") or []})),
        seed,
        cache,
        addresses,
        read_guests(data, path),
        tuple(sorted({str(item) for item in data.get("guest_packages") or []})),
    )


def read_guests(data: Mapping[str, Any], path: Path) -> tuple[Guest, ...]:
    """The guests of a `lab.yml`. Raises LabError (2) for what it cannot use."""
    found = []
    for name, entry in (data.get("guests") or {}).items():
        size = _SIZE.fullmatch(str((entry or {}).get("size", "")))
        script = path.parent.resolve() / str((entry or {}).get("script", ""))
        if not size or not script.is_file() or not script.resolve().is_relative_to(path.parent.resolve()):
            raise LabError(
                f"{path} says of the guest {name} what cannot be used; write for example "
                "`host: host1`, `script: guests/erp.sh` (a file beside the policy) and `size: 2GiB`.",
                USAGE,
            )
        found.append(Guest(str(name), str(entry.get("host")), script, int(size[1]) * 2**30))
    return tuple(found)


def lists(data: Mapping[str, Any], key: str, path: Path) -> list[tuple[str, list[str]]]:
    """The entries under a key that maps machines to lists (one word counts as a list of one)."""
    entries = data.get(key) or {}
    if not isinstance(entries, dict):
        raise LabError(f"`{key}:` in {path} should name machines and, for each, a list.", USAGE)
    return [
        (str(name), [str(item) for item in (items if isinstance(items, list) else [items])])
        for name, items in entries.items()
    ]


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that is a mapping. Raises LabError (2) otherwise."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}.", USAGE) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabError(f"{path} is not valid YAML: {' '.join(str(error).split())}", USAGE) from None
    if not isinstance(data, dict):
        raise LabError(f"{path} should hold keys and values.", USAGE)
    return data
