# SPDX-License-Identifier: Apache-2.0
"""On one machine, each unit, cluster and path belongs to one system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bascule.diagnostics import Diagnostic, Path
from bascule.policy import Policy, System

# Folders of ours and of the kernel, which are never a firm's data.
_NEVER = ("/var/lib/bascule", "/etc/bascule", "/usr/local/lib/bascule", "/proc", "/sys", "/dev", "/run")
_DATABASE = "/var/lib/postgresql"


def _settings(policy: Policy, key: str) -> Iterator[tuple[System, int | None, str]]:
    """Yield each value that systems have under a key of their type, with its index in the list."""
    for system in policy.systems.values():
        value = system.settings.get(key)
        if isinstance(value, list):
            yield from ((system, i, item) for i, item in enumerate(value))
        elif isinstance(value, str) and value != "none":
            yield system, None, value


def _path(system: System, key: str, index: int | None) -> Path:
    return ("systems", system.id, key) if index is None else ("systems", system.id, key, index)


def _twice(policy: Policy, key: str, code: str, what: str, fix: str) -> Iterator[Diagnostic]:
    owners: dict[tuple[str, str], System] = {}
    told = set()
    for system, index, value in _settings(policy, key):
        for machine in system.places:
            owner = owners.setdefault((machine, value), system)
            # A pair that shares both machines is told once.
            if owner is not system and (system.id, value) not in told:
                told.add((system.id, value))
                said = what.format(value=value, owner=owner.id, machine=machine)
                yield policy.source.finding(code, _path(system, key, index), said, fix)


def units_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC341 for each systemd unit that two systems of one machine have."""
    what = "`{value}` on `{machine}` belongs to the system `{owner}` already"
    fix = "Let one system have the unit, and let the other need that system."
    yield from _twice(policy, "units", "BC341", what, fix)


def clusters_once(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC342 for each PostgreSQL cluster of one machine that two systems have."""
    what = "the cluster `{value}` on `{machine}` is the system `{owner}` already"
    fix = "Write one system for the whole cluster: all its databases are recovered together."
    yield from _twice(policy, "cluster", "BC342", what, fix)


def _paths(policy: Policy) -> Iterator[tuple[System, str, int, str]]:
    for key in ("paths", "state"):
        for system, index, value in _settings(policy, key):
            yield system, key, index or 0, value


def paths_apart(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC343 for each path that lies inside another path of the same machine."""
    by_machine: dict[str, list[tuple[str, System, str, int]]] = defaultdict(list)
    for system, key, index, value in _paths(policy):
        for machine in system.places:
            by_machine[machine].append((value, system, key, index))
    told = set()
    for machine, entries in by_machine.items():
        for outer, inner in _inside(sorted(entries, key=lambda entry: (entry[0] + "/", entry[1].id))):
            value, system, key, index = inner
            if (system.id, key, index) in told:
                continue
            told.add((system.id, key, index))
            what = f"`{value}` on `{machine}` lies in `{outer[0]}` of the system `{outer[1].id}`"
            fix = "Let each folder belong to one system, so that each is copied and recovered once."
            yield policy.source.finding("BC343", _path(system, key, index), what, fix)


def _inside(
    entries: list[tuple[str, System, str, int]],
) -> Iterator[tuple[tuple[str, System, str, int], tuple[str, System, str, int]]]:
    """Given entries sorted by path, yield each with the one around it."""
    around: list[tuple[str, System, str, int]] = []
    for entry in entries:
        while around and not (entry[0] + "/").startswith(around[-1][0] + "/"):
            around.pop()
        if around:
            yield around[-1], entry
        around.append(entry)


def paths_of_others(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC344 for each path that holds, or lies in, a folder that must not be copied as files."""
    clusters = [system for system in policy.systems.values() if "cluster" in system.settings]
    databases = {machine for system in clusters for machine in system.places}
    for system, key, index, value in _paths(policy):
        forbidden = [*_NEVER, _DATABASE] if databases & set(system.places) else _NEVER
        for folder in forbidden:
            if (value + "/").startswith(folder + "/") or (folder + "/").startswith(value + "/"):
                what = f"`{value}` and `{folder}` hold each other; that folder must not be copied as files"
                fix = "Name the folders that hold the firm's data, and only those; a database is a system of its own."
                yield policy.source.finding("BC344", _path(system, key, index), what, fix)
                break
