# SPDX-License-Identifier: Apache-2.0
"""What two sides no longer share, from tables of facts: each difference, its level, and silence where there is none."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

import pytest

from bascule_runtime import text
from bascule_runtime.drift import dates, host, sections
from bascule_runtime.drift.finding import KINDS, LEVELS, About, told, upstream

DAY = 86400.0
NOW = 20000 * DAY
SYSTEM = {"id": "erp-db", "settings": {"cluster": "15/main"}, "size_bytes": 1000}
ABOUT = About(SYSTEM, "db1", "db2", NOW, 30 * DAY)
COLLATION = {"name": "default", "key": "database erp", "databases": ["erp"], "provider": "c", "recorded": "2.36",
             "actual": "2.36"}  # fmt: skip
CERTIFICATE = {"since": NOW - DAY, "until": NOW + 90 * DAY, "names": ["erp.firm.test"]}
ENDED = {**CERTIFICATE, "until": NOW - DAY}
SETTINGS = {"max_connections": "100", "max_worker_processes": "8", "max_wal_senders": "10",
            "max_prepared_transactions": "0", "max_locks_per_transaction": "64"}  # fmt: skip
# One healthy side; the tests change one thing of the other one.
SAME: dict[str, Any] = {
    "host": {"arch": "x86_64", "release": "debian 12", "timezone": "Europe/Paris"},
    "tools": {"restic": "0.14", "pgbackrest": "2.45"},
    "owners": {"users": {"anna": 1000}, "groups": {"staff": 50}},
    "postgresql": {
        "server": "15.14", "settings": SETTINGS, "configured": SETTINGS, "preload": ["auto_explain"],
        "libraries": {"auto_explain": True}, "extensions": {"erp": {"hstore": "1.8"}}, "available": {"hstore": "1.8"},
        "databases": {"erp": {"collate": "fr_FR.UTF-8", "ctype": "fr_FR.UTF-8", "provider": "c"}}, "glibc": "2.36",
        "icu": "72", "collations": [COLLATION], "sorts": {"database erp": "2.36"},
        "locales": ["C", "C.utf8", "POSIX", "fr_FR.utf8"],
        "tablespaces": ["/srv/space"], "folders": {"/srv/space": True}, "roles": {"clerk": NOW + 300 * DAY},
    },
    "units": {"units": {"erp.service": {"there": True, "digest": "a"}}, "programs": {"/opt/erp": "b"},
              "users": {"erp": True}},
    "packages": {"erp": "1:2.4-1"},
    "configuration": {"declared": {"/etc/erp.conf": "c"}, "conffiles": {"/etc/default/erp": "d"}, "mentions": {}},
    "certificates": {"/etc/ssl/erp.pem": CERTIFICATE}, "shown": {},
}  # fmt: skip
# (what is changed at the other side or, after `source:`, at the one that serves; the new value; code, level, words)
CASES: list[tuple[str, Any, str, str, tuple[str, ...]]] = [
    ("host/arch", "aarch64", "architecture", "breaks", ("x86_64", "aarch64")),
    ("host/release", "debian 13", "release", "note", ("debian 12",)),
    ("host/timezone", "Etc/UTC", "timezone", "degrades", ("Europe/Paris", "Etc/UTC")),
    ("tools/pgbackrest", "2.50", "copies_tool", "degrades", ("2.45", "2.50")),
    ("tools/restic", "0.16", "tool", "note", ("0.14", "0.16")),
    ("owners/users/anna", 1007, "owner_number", "note", ("anna", "1000", "1007")),
    ("owners/groups/staff", None, "owner_missing", "breaks", ("group", "staff")),
    ("postgresql/server", None, "pg_missing", "breaks", ("15/main", "15.14")),
    ("postgresql/server", "16.1", "pg_major", "breaks", ("15.14", "16.1")),
    ("postgresql/server", "15.13", "pg_minor", "note", ("15.14", "15.13")),
    ("source:postgresql/settings/max_connections", "200", "pg_setting", "breaks", ("max_connections", "200", "100")),
    ("postgresql/configured/max_locks_per_transaction", "32", "pg_setting", "breaks", ("64", "32")),
    ("postgresql/libraries/auto_explain", False, "pg_library", "breaks", ("auto_explain",)),
    ("postgresql/preload", [], "pg_preload", "degrades", ("auto_explain",)),
    ("postgresql/available", {}, "pg_extension", "breaks", ("hstore", "erp")),
    ("postgresql/available/hstore", "1.9", "pg_extension_version", "note", ("1.8", "1.9")),
    ("postgresql/sorts", {"database erp": "2.41"}, "pg_collation", "breaks", ("2.36", "2.41", "erp")),
    ("source:postgresql/collations", [{**COLLATION, "recorded": "2.31"}], "pg_collation_old", "degrades", ("2.31",)),
    ("postgresql/locales", ["C", "POSIX"], "pg_locale", "breaks", ("fr_FR.UTF-8", "erp")),
    ("postgresql/folders/|srv|space", False, "pg_tablespace", "breaks", ("/srv/space",)),
    ("source:postgresql/roles/clerk", NOW + 3 * DAY, "pg_role_ends", "degrades", ("clerk", "2024-10-07")),
    ("units/units/erp.service", {"there": False}, "unit_missing", "breaks", ("erp.service",)),
    ("units/units/erp.service/digest", "other", "unit_differs", "degrades", ("erp.service",)),
    ("units/programs/|opt|erp", None, "program_missing", "breaks", ("/opt/erp",)),
    ("units/programs/|opt|erp", "other", "program_differs", "degrades", ("/opt/erp",)),
    ("units/users/erp", False, "user_missing", "breaks", ("erp",)),
    ("packages/erp", None, "package_missing", "breaks", ("erp", "1:2.4-1")),
    ("packages/erp", "1:2.5-1", "package_version", "degrades", ("1:2.4-1", "1:2.5-1")),
    ("packages/erp", "1:2.4-2", "package_revision", "note", ("1:2.4-2",)),
    ("configuration/declared/|etc|erp.conf", None, "configuration_missing", "breaks", ("/etc/erp.conf",)),
    ("configuration/declared/|etc|erp.conf", "x", "configuration_differs", "degrades", ("/etc/erp.conf",)),
    ("configuration/conffiles/|etc|default|erp", "x", "conffiles_differ", "note", ("1", "/etc/default/erp")),
    ("configuration/mentions", {"/etc/erp.conf": ["db1"]}, "points_back", "degrades", ("/etc/erp.conf", "db1")),
    ("certificates/|etc|ssl|erp.pem", None, "certificate_missing", "breaks", ("/etc/ssl/erp.pem",)),
    ("certificates/|etc|ssl|erp.pem/until", NOW - DAY, "certificate_ended", "breaks", ("2024-10-03",)),
    ("certificates/|etc|ssl|erp.pem/since", NOW + DAY, "certificate_early", "breaks", ("2024-10-05",)),
    ("certificates/|etc|ssl|erp.pem/until", NOW + 29 * DAY, "certificate_ends", "degrades", ("2024-11-02", "30")),
    ("certificates/|etc|ssl|erp.pem/names", ["www"], "certificate_names", "breaks", ("erp.firm.test", "www")),
    ("source:shown", {"https://erp:443": ENDED}, "certificate_ended", "breaks", ("erp:443", "on db1 ended")),
    ("unread", {"owners": "it is odd"}, "not_compared", "degrades", ("db2", "owners", "it is odd")),
]  # fmt: skip


def changed(facts: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`facts` with another value at a path of keys; `|` stands for / in a key."""
    head, _, rest = path.partition("/")
    key = head.replace("|", "/")
    return {**facts, key: changed(facts.get(key) or {}, rest, value) if rest else value}


def found(here: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sections.compare(here, there, ABOUT))


def test_two_sides_that_are_alike_give_no_finding() -> None:
    assert found(SAME, SAME) == {}


@pytest.mark.parametrize(("path", "value", "code", "level", "words"), CASES, ids=[f"{c[2]}:{c[0]}" for c in CASES])
def test_one_difference_is_one_finding(path: str, value: Any, code: str, level: str, words: tuple[str, ...]) -> None:
    here, there = dict(SAME), dict(SAME)
    if path.startswith("source:"):
        here = changed(SAME, path.removeprefix("source:"), value)
    else:
        there = changed(SAME, path, value)
    differences = found(here, there)
    assert list(differences) == [code]
    assert KINDS[code].level == level
    for language in ("en", "fr"):
        facts = {"source": "db1", "target": "db2", "systems": ["erp-db"], **differences[code]}
        says = told(code, facts, text.labels(language))
        assert set(says) == {"what", "would", "do"}
        if language == "en":
            assert [word for word in words if word not in says["what"]] == []


@pytest.mark.parametrize(
    ("collation", "there", "code"),
    [
        ({"provider": "c", "recorded": "2.31"}, {"glibc": "2.36"}, "pg_collation"),
        ({"provider": "c", "recorded": "2.36"}, {"glibc": "2.36"}, None),
        ({"provider": "i", "recorded": "153.112"}, {"icu": "76"}, "pg_icu"),
        ({"provider": "i", "recorded": "153.112"}, {"icu": "72"}, None),
        ({"provider": "c", "recorded": None}, {"glibc": "2.41"}, None),
    ],
)
def test_a_cluster_that_does_not_run_sorts_by_its_libraries(collation: Any, there: Any, code: str | None) -> None:
    """A copy that is restored when needed cannot be asked: the C library or ICU of its machine answers for it."""
    here = changed(SAME, "postgresql/collations", [{**COLLATION, **collation, "actual": collation["recorded"]}])
    other = {**SAME, "postgresql": {**SAME["postgresql"], "sorts": {}, **there}}
    assert list(found(here, other)) == ([code] if code else [])


@pytest.mark.parametrize(("offset", "code"), [(4.9, None), (-6.0, "clock_off"), (299.0, "clock_off"),
                                              (300.0, "clock_far"), (-3600.0, "clock_far")])  # fmt: skip
def test_clock(offset: float, code: str | None) -> None:
    assert [name for name, _facts in host.clock(offset, ABOUT)] == ([code] if code else [])


def test_room_counts_what_shares_a_disk_together() -> None:
    places = {"a": {"device": 1, "free": 100, "path": "/srv/a"}, "b": {"device": 1, "free": 100, "path": "/srv/b"},
              "c": {"device": 2, "free": 100, "path": "/srv/c"}}  # fmt: skip
    assert list(host.room(places, {"a": 50, "b": 50, "c": 100})) == []
    assert [facts["systems"] for _, facts in host.room(places, {"a": 50, "b": 51, "c": 101})] == [["a", "b"], ["c"]]
    assert list(host.room(places, {"a": 0, "b": 0, "c": 0})) == []


def test_what_a_recovery_needs() -> None:
    """The policy says 1000 bytes. It is the larger of that and the real size, less what is replaced; none when live."""
    assert host.needed({"bytes": 10}, {}, ABOUT) == 1000
    assert host.needed({"bytes": 5000}, {"replaced": 2000}, ABOUT) == 3000
    assert host.needed({"bytes": 5000}, {"replaced": 9000}, ABOUT) == 0
    assert host.needed({"bytes": 5000}, {"live": True}, ABOUT) == 0


@pytest.mark.parametrize(
    ("licence", "codes"),
    [
        ({}, []),
        ({"until": "2024-10-03"}, ["licence_ended"]),
        ({"until": "2024-10-04"}, ["licence_ends"]),
        ({"until": "2024-12-31"}, []),
        ({"standby": "forbidden"}, ["licence_forbids"]),
        ({"standby": "disaster"}, []),
        ({"file": "/etc/erp.lic"}, []),
        ({"file": "/etc/gone.lic"}, ["licence_file"]),
    ],
)
def test_licences(licence: dict[str, str], codes: list[str]) -> None:
    files = {"/etc/erp.lic": True, "/etc/gone.lic": False}
    assert [code for code, _facts in dates.licences([{"id": "erp", **licence}], files, ABOUT)] == codes


@pytest.mark.parametrize(("version", "released"), [("1:2.4.1-3+b1", "2.4.1"), ("1.22.1-9", "1.22.1"), ("2.4", "2.4"),
                                                   ("1:3", "3"), ("", ""), (None, "")])  # fmt: skip
def test_the_part_of_a_version_that_names_a_release(version: str | None, released: str) -> None:
    assert upstream(version) == released


def test_every_kind_has_its_words_and_a_test() -> None:
    glossary = text._glossary()
    tested = {case[2] for case in CASES} | {"pg_icu", "clock_far", "clock_off", "room", "never_seen"}
    assert set(KINDS) == tested | {f"licence_{word}" for word in ("ended", "ends", "forbids", "file")}
    for code, kind in KINDS.items():
        assert kind.level in LEVELS
        for key in (f"drift.{code}", f"would.{kind.would}", f"cure.{kind.cure}"):
            fields = [{name for _, name, _, _ in string.Formatter().parse(glossary[key][lang]) if name}
                      for lang in ("en", "fr")]  # fmt: skip
            assert fields[0] == fields[1], key
    kinds = KINDS.values()
    used = {f"drift.{code}" for code in KINDS} | {f"would.{k.would}" for k in kinds} | {f"cure.{k.cure}" for k in kinds}
    assert {key for key in glossary if re.match(r"(drift|would|cure)\.", key)} == used
