# SPDX-License-Identifier: Apache-2.0
"""The agent of the third place, with a double of rsync that copies between two folders."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bascule_runtime import mirror, mirror_files
from bascule_runtime.mirror_files import LAYOUTS, TroubleError

DOUBLE = """#!{python}
# A double of rsync between folders: it lists, fetches files that are named, and sends a whole tree.
import fnmatch, os, shutil, sys
there, words = {there!r}, sys.argv[1:]
if not os.path.isdir(there):
    sys.stderr.write("rsync: the standby is gone\\n"); sys.exit(255)
def names(base):
    return sorted(os.path.relpath(os.path.join(f, n), base) for f, _d, ns in os.walk(base) for n in ns)
def put(a, b):
    os.makedirs(os.path.dirname(b), exist_ok=True)
    shutil.copy2(a, b)
listed = [w for w in words if w.startswith("--files-from=")]
if "--list-only" in words:
    for n in names(there):
        print("-rw------- %14s 2026/11/25 02:10:11 %s" % (format(os.path.getsize(os.path.join(there, n)), ","), n))
    {after_listing}
elif listed:
    code = 0
    for n in open(listed[0].split("=", 1)[1]).read().split("\\n")[:-1]:
        target = os.path.join(words[-1], n)
        if not os.path.exists(os.path.join(there, n)):
            code = 23
        elif "--ignore-existing" not in words or not os.path.exists(target):
            put(os.path.join(there, n), target)
    sys.exit(code)
else:
    skipped = [w.split("=/", 1)[1] for w in words if w.startswith("--exclude=/")]
    for n in names(words[-2]):
        if not any(fnmatch.fnmatch(n, p) for p in skipped):
            put(os.path.join(words[-2], n), os.path.join(there, n))
"""
OLD = time.time() - 7200


class Places:
    """A repository at the standby, and what the third place fetches of it."""

    def __init__(self, folder: Path, by: str) -> None:
        self.standby, self.folder, self.by, self.base = folder / "standby", folder / "third", by, folder
        self.standby.mkdir()
        self.put("bascule-id", "a" * 32)

    def put(self, name: str, content: str = "", at: float = OLD) -> str:
        """Write a file at the standby; `{}` in its name becomes the SHA-256 of its content."""
        name = name.format(hashlib.sha256(content.encode()).hexdigest())
        path = self.standby / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, (at, at))
        return name

    def settings(self, after_listing: str = "pass") -> dict[str, Any]:
        """The agent's settings; `after_listing` is Python that runs at the standby once it has been listed."""
        double = self.base / "rsync-double"
        double.write_text(DOUBLE.format(python=sys.executable, there=str(self.standby), after_listing=after_listing))
        double.chmod(double.stat().st_mode | stat.S_IXUSR)
        return {"by": self.by, "rsync": [str(double)], "source": "copies:0/", "folder": str(self.folder),
                "keep_s": 3600, "state": str(self.base / "state.json"), "lock": str(self.base / "lock"),
                "lock_s": 0.3, "limit_s": 300}  # fmt: skip

    def fetch(self, after_listing: str = "pass", **more: Any) -> dict[str, Any]:
        return mirror.fetch({**self.settings(after_listing), **more})

    def here(self, identity: str = "a" * 32) -> set[str]:
        """What the third place holds of the repository."""
        return {name for name, _stat in mirror_files.files(self.folder / identity)}


@pytest.fixture
def restic(tmp_path: Path) -> Places:
    places = Places(tmp_path, "restic")
    places.put("config", "key and settings")
    for name, content in (("keys/{}", "k"), ("snapshots/{}", "s1"), ("index/{}", "i1"), ("data/0a/{}", "d1")):
        places.put(name, content)
    places.put("locks/x", "now")
    return places


@pytest.fixture
def pgbackrest(tmp_path: Path) -> Places:
    places = Places(tmp_path, "pgbackrest")
    for name in ("archive/db/archive.info", "backup/db/backup.info", "backup/db/backup.info.copy"):
        places.put(name, "1")
    places.put("backup/db/20261125-024413F/backup.manifest", "m", OLD)
    places.put("backup/db/20261125-024413F/pg_data/PG_VERSION.zst", "15")
    places.put("archive/db/15-1/0000000100000000/000000010000000000000002-" + "b" * 40 + ".zst", "w", OLD + 60)
    return places


def test_all_that_is_whole_is_fetched_and_nothing_of_the_moment(restic: Places) -> None:
    facts = restic.fetch()
    assert (facts["result"], facts["message"], facts["id"]) == ("ok", "", "a" * 32)
    assert restic.here() == {name for name, _stat in mirror_files.files(restic.standby)} - {"locks/x"}
    # Without the key the age is that of the file that names the copy.
    assert (facts["points"], facts["newest_at"]) == (1, OLD)
    assert not (restic.folder / mirror.STAGING).exists()


def test_a_backup_that_is_still_being_made_is_left_out(pgbackrest: Places) -> None:
    started = pgbackrest.put("backup/db/20261125-024413F_20261125-030000I/pg_data/x.zst")
    facts = pgbackrest.fetch()
    assert facts["result"] == "ok"
    assert started not in pgbackrest.here()
    assert (facts["points"], facts["newest_at"]) == (1, OLD + 60)
    pgbackrest.put("backup/db/20261125-024413F_20261125-030000I/backup.manifest", at=OLD + 90)
    assert pgbackrest.fetch()["newest_at"] == OLD + 90
    assert started in pgbackrest.here()


def test_what_is_here_is_not_replaced_and_stays_for_a_while(restic: Places) -> None:
    restic.fetch()
    [data] = [name for name in restic.here() if name.startswith("data/")]
    (restic.standby / data).write_text("encrypted by somebody else")
    [snapshot] = [name for name in restic.here() if name.startswith("snapshots/")]
    (restic.standby / snapshot).unlink()
    facts = restic.fetch()
    assert facts["result"] == "ok"
    assert (restic.folder / ("a" * 32) / data).read_text() == "d1"
    assert set(facts["gone"]) == {snapshot}
    assert facts["points"] == 1
    # An hour is what is kept here: what vanished longer ago goes.
    mirror_files.forget(restic.folder / ("a" * 32), sorted(restic.here() - {snapshot}), {snapshot: OLD}, 3600)
    assert snapshot not in restic.here()


def test_damage_at_the_standby_is_not_taken_and_is_said(restic: Places) -> None:
    restic.fetch()
    fresh = restic.put("snapshots/{}", "s2")
    name = "data/0b/" + hashlib.sha256(b"whole").hexdigest()
    restic.put(name, "rotten")
    facts = restic.fetch()
    assert facts["result"] == "failed"
    assert f"1 files at the standby are not what their names say and were not taken: {name}" in facts["message"]
    # What names the copies is put in place last: the third place still says only what it can keep.
    assert name not in restic.here()
    assert fresh not in restic.here()
    assert facts["ok_at"] < facts["started"]


def test_a_file_that_is_being_written_is_left_for_the_next_time(restic: Places) -> None:
    name = "data/0b/" + hashlib.sha256(b"whole").hexdigest()
    restic.put(name, "who", time.time())
    assert restic.fetch()["result"] == "ok"
    assert name not in restic.here()
    restic.put(name, "whole")
    restic.fetch()
    assert name in restic.here()


def test_tidying_meanwhile_makes_it_look_again(restic: Places) -> None:
    after = f"open({str(restic.base / 'n')!r}, 'a').write('.')\n    "
    number = f"os.path.getsize({str(restic.base / 'n')!r})"
    index, data = (hashlib.sha256(text).hexdigest() for text in (b"i2", b"moved into another"))
    here = str(restic.standby)
    after += (
        f"[(open(os.path.join(p, n), 'w').write(t), os.utime(os.path.join(p, n), (1, 1))) for p, n, t in"
        f" (({here!r} + '/index', {index!r}, 'i2'), ({here!r} + '/data/0a', {data!r}, 'moved into another'))]"
        f" if {number} == 2 else None"
    )
    assert restic.fetch(after)["result"] == "ok"
    assert {f"index/{index}", f"data/0a/{data}"} <= restic.here()


def test_another_repository_goes_beside_the_old_one(restic: Places) -> None:
    restic.fetch()
    before = restic.here()
    restic.put("bascule-id", "b" * 32)
    restic.put("config", "another key")
    assert restic.fetch()["id"] == "b" * 32
    assert restic.here() == before
    assert (restic.folder / ("a" * 32) / "config").read_text() == "key and settings"


def test_a_config_that_changed_is_refused(restic: Places) -> None:
    restic.fetch()
    restic.put("config", "another key")
    facts = restic.fetch()
    assert facts["result"] == "failed"
    assert "config at the standby is not the one that was fetched before" in facts["message"]
    assert (restic.folder / ("a" * 32) / "config").read_text() == "key and settings"


@pytest.mark.parametrize("by", ["restic", "pgbackrest"])
def test_a_standby_that_is_gone_or_was_never_made_ready(tmp_path: Path, by: str) -> None:
    places = Places(tmp_path, by)
    (places.standby / "bascule-id").unlink()
    facts = places.fetch()
    assert (facts["result"], "Run dr-build.yml" in facts["message"]) == ("failed", True)
    places.standby.rmdir()
    assert "the standby cannot be read: rsync: the standby is gone" in places.fetch()["message"]


@pytest.mark.parametrize("kind", ["restic", "pgbackrest"])
def test_what_was_fetched_comes_back_as_it_was(kind: str, request: pytest.FixtureRequest) -> None:
    places: Places = request.getfixturevalue(kind)
    places.fetch()
    was = {name: (places.standby / name).read_text() for name in places.here()}
    for path in sorted(places.standby.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    given = mirror.give(places.settings())
    assert given["id"] == "a" * 32
    assert {name: (places.standby / name).read_text() for name, _stat in mirror_files.files(places.standby)} == was


def test_nothing_that_could_be_given(restic: Places) -> None:
    with pytest.raises(TroubleError, match="nothing was ever fetched"):
        mirror.give(restic.settings())


def test_the_newest_usable_repository_is_given(restic: Places) -> None:
    restic.fetch()
    restic.put("bascule-id", "b" * 32)
    for path in (restic.standby / "snapshots").iterdir():
        path.unlink()
    restic.fetch()
    # The new repository holds no copy yet: the old one is what a recovery can use.
    assert mirror_files.newest(LAYOUTS["restic"], restic.folder).name == "a" * 32
