# SPDX-License-Identifier: Apache-2.0
"""Two clusters of PostgreSQL: what keeps the other one from starting, from sorting alike, from answering every query.

Facts of a side: `server` (version of the programs, None when they are missing), `settings` and `configured` (what
runs, what the next start would take), `preload`, `libraries` (name: whether its file is there), `extensions`
(database: name: version), `available` (name: version), `databases`, `collations` (what is recorded with the data),
`sorts` (how this side would sort), `glibc`, `icu`, `locales`, `tablespaces`, `folders` (path: whether it is there),
`roles` (name: epoch seconds of the end of its password).
"""

from __future__ import annotations

from typing import Any, Iterator, Optional

from bascule_runtime.drift.finding import About, Facts, Found

# PostgreSQL manual, "Hot Standby", section on administration: a standby needs at least what its source has.
NOT_SMALLER = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
               "max_locks_per_transaction")


def compare(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """What differs between the cluster that serves (`here`) and the other one."""
    if not there.get("server"):
        yield "pg_missing", {"here": here.get("server"), "cluster": about.system["settings"]["cluster"]}
        return
    yield from _versions(here, there)
    yield from _settings(here, there)
    yield from _libraries(here, there)
    yield from _extensions(here, there)
    yield from _sorting(here, there)
    yield from _places(here, there)
    for name, until in sorted((here.get("roles") or {}).items()):
        if about.now < until < about.now + about.longest_s:
            yield "pg_role_ends", {"name": name, "until": until}


def _versions(here: Facts, there: Facts) -> Iterator[Found]:
    ours, theirs = str(here.get("server") or ""), str(there["server"])
    if not ours or ours == theirs:
        return
    same = ours.split(".")[0] == theirs.split(".")[0]
    yield ("pg_minor" if same else "pg_major"), {"here": ours, "there": theirs}


def _settings(here: Facts, there: Facts) -> Iterator[Found]:
    for name in NOT_SMALLER:
        needed = _number((here.get("settings") or {}).get(name))
        has = [_number((there.get(part) or {}).get(name)) for part in ("settings", "configured")]
        least = min((value for value in has if value is not None), default=None)
        if needed is not None and least is not None and least < needed:
            yield "pg_setting", {"name": name, "here": needed, "there": least}


def _number(value: Any) -> Optional[int]:
    return int(value) if str(value or "").lstrip("-").isdigit() else None


def _libraries(here: Facts, there: Facts) -> Iterator[Found]:
    has = there.get("libraries") or {}
    for name in there.get("preload") or []:
        if not has.get(name, True):
            yield "pg_library", {"name": name}
    for name in here.get("preload") or []:
        if name not in (there.get("preload") or []):
            yield "pg_preload", {"name": name}


def _extensions(here: Facts, there: Facts) -> Iterator[Found]:
    available = there.get("available") or {}
    used: dict[str, dict[str, list[str]]] = {}
    for database, installed in sorted((here.get("extensions") or {}).items()):
        for name, version in installed.items():
            used.setdefault(name, {}).setdefault(version, []).append(database)
    for name, versions in sorted(used.items()):
        databases = sorted({database for found in versions.values() for database in found})
        if name not in available:
            yield "pg_extension", {"name": name, "databases": databases}
        elif (here.get("available") or {}).get(name, available[name]) != available[name]:
            yield "pg_extension_version", {"name": name, "here": here["available"][name], "there": available[name]}


def _sorting(here: Facts, there: Facts) -> Iterator[Found]:
    """Indexes were built in the order that is recorded with the data; the other side sorts by its own libraries."""
    libraries = {"c": ("glibc", "pg_collation"), "i": ("icu", "pg_icu")}
    for entry in here.get("collations") or []:
        if not entry.get("recorded"):
            continue
        library, code = libraries.get(entry["provider"], ("", ""))
        facts = {"name": entry["name"], "databases": entry["databases"], "here": entry["recorded"]}
        theirs = (there.get("sorts") or {}).get(entry["key"])
        if theirs is None and entry["provider"] == "c":
            theirs = there.get("glibc")
        if theirs is not None and theirs != entry["recorded"]:
            known = entry.get("actual")
            yield ("pg_collation_old" if known == theirs else "pg_collation"), {**facts, "there": theirs}
        elif theirs is None and library and here.get(library) != there.get(library):
            yield code, {**facts, "here": here.get(library), "there": there.get(library)}


def _places(here: Facts, there: Facts) -> Iterator[Found]:
    locales = there.get("locales")
    for database, entry in sorted((here.get("databases") or {}).items()):
        wanted = {entry.get("collate"), entry.get("ctype")} if entry.get("provider") != "b" else set()
        for name in sorted(str(name) for name in wanted if name):
            if locales is not None and plain_locale(name) not in {"c", "posix", *map(plain_locale, locales)}:
                yield "pg_locale", {"name": name, "databases": [database]}
    for path in here.get("tablespaces") or []:
        if not (there.get("folders") or {}).get(path, True):
            yield "pg_tablespace", {"path": path}


def plain_locale(name: str) -> str:
    """A locale's name as the C library compares them: `fr_FR.UTF-8` and `fr_FR.utf8` are one."""
    language, _, encoding = name.partition(".")
    return f"{language.lower()}.{encoding.lower().replace('-', '')}" if encoding else language.lower()
