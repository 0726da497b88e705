# SPDX-License-Identifier: Apache-2.0
"""The agent of the third place: fetches a repository of copies from the standby, and gives it back when that is gone.

`python3 -m bascule_runtime mirror --config FILE [--give yes]`; of FILE it reads `mirror`:
`{"by": layout, "rsync": [argv up to the options], "source": "HOST:0/", "folder": FILE, "keep_s": seconds,
"state": FILE, "lock": FILE, "lock_s": …, "limit_s": …}`.

The standby is only read, through a key that can do nothing else, and what is here cannot be reached from there. Files
of a repository never change once they are whole: so none that is here is replaced, and what vanished there stays here
for `keep_s`. What says which copies there are (the *heads*) is fetched first and put in place last, so that what it
names is always here. Each repository has an identity of its own (`ID_FILE`): a new one goes beside the old one.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Optional, Sequence

from bascule_runtime import agent, mirror_files
from bascule_runtime.mirror_files import LAYOUTS, Layout, TroubleError

ROUNDS = 6
VANISHED = (23, 24)
STAGING = ".new"
UNFINISHED_S = 900
LINE = re.compile(r"-\S+ +[\d,.]+ \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (.+)")


class Fetch:
    """One fetch: settings as in the configuration, and what its rounds have learnt."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.layout: Layout = LAYOUTS[settings["by"]]
        self.folder = Path(settings["folder"])
        self.limit_s = float(settings.get("limit_s") or 82800)
        self.damaged: list[str] = []
        self.bytes = 0

    def rsync(self, *words: str) -> agent.Ended:
        """rsync with the options of all transfers: modes of root alone, times kept, a dead line noticed."""
        argv = [*self.settings["rsync"], "-rt", "--chmod=D700,F600", "--timeout=120", *words]
        return agent.run(argv, self.limit_s)

    def listing(self) -> list[str]:
        """The files of the repository at the standby, by their path in it."""
        ended = self.rsync("--list-only", str(self.settings["source"]))
        if ended.code not in (0, *VANISHED):
            raise TroubleError(f"the standby cannot be read: {ended.reason}")
        return [match.group(1) for line in ended.out.splitlines() if (match := LINE.match(line))]

    def bring(self, names: Sequence[str], target: Path, *more: str) -> bool:
        """Fetch these files below `target`; False when some of them vanished meanwhile."""
        if not names:
            return True
        wanted = self.folder / ".names"
        wanted.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        ended = self.rsync(f"--files-from={wanted}", *more, str(self.settings["source"]), f"{target}/")
        wanted.unlink()
        if ended.code not in (0, *VANISHED):
            raise TroubleError(f"the copies could not be fetched: {ended.reason}")
        return ended.code == 0

    def heads(self) -> Path:
        """Fetch what says which copies there are into a folder beside; return that folder."""
        staging = self.folder / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, mode=0o700)
        for _ in range(ROUNDS):
            if self.bring([name for name in self.listing() if self.layout.is_head(name)], staging):
                return staging
        raise TroubleError("what the standby says about its copies changes faster than it can be fetched")

    def body(self, here: Path) -> list[str]:
        """Fetch all that the heads may name; return the listing that it was complete for."""
        before: Optional[set[str]] = None
        for _ in range(ROUNDS):
            names = self.layout.wanted(self.listing())
            missing = [name for name in names if not self.layout.is_head(name) and not (here / name).exists()]
            whole = self.bring(missing, here, "--ignore-existing")
            self._check(here, missing)
            marks = self.layout.marks(names)
            if self.damaged:
                break
            # Tidying writes new names before it removes what they stand for: with the same names nothing was removed.
            if whole and (not self.layout.mark or marks == before):
                return names
            before = marks
        raise TroubleError(self._why())

    def _check(self, here: Path, names: Sequence[str]) -> None:
        """Take away what did not come whole or is not what its name says: it may come right the next time."""
        for path in (here / name for name in names if (here / name).exists()):
            stat, name = path.stat(), str(path.relative_to(here))
            if self.layout.is_whole(name, path):
                self.bytes += stat.st_size
                continue
            path.unlink()
            # A copy that is being made now writes under the name that a file will have; no head names it yet.
            if time.time() - stat.st_mtime > UNFINISHED_S:
                self.damaged.append(name)

    def _why(self) -> str:
        if self.damaged:
            shown = ", ".join(self.damaged[:3])
            return f"{len(self.damaged)} files at the standby are not what their names say and were not taken: {shown}"
        return "the copies at the standby change faster than they can be fetched"


def fetch(settings: dict[str, Any]) -> dict[str, Any]:
    """Fetch once; return what the state file then says: `result` ok or failed, `message`, `newest_at`, sizes, times."""
    with agent.locked(settings["lock"], float(settings.get("lock_s") or 600)):
        known = agent.read_state(settings["state"])
        facts = {**known, "started": time.time(), "result": "ok", "message": "", "fetched_bytes": 0}
        run = Fetch(settings)
        try:
            run.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            here, names = _fetched(run)
            facts["gone"] = mirror_files.forget(here, names, known.get("gone") or {}, float(settings["keep_s"]))
            facts.update(id=here.name, **mirror_files.counted(run.layout, here), ok_at=facts["started"])
            mirror_files.forget_older(run.folder, here, float(settings["keep_s"]))
        except (TroubleError, OSError) as fault:
            facts.update(result="failed", message=str(fault))
        facts.update(ended=time.time(), fetched_bytes=run.bytes)
        agent.write_state(settings["state"], facts)
        return facts


def _fetched(run: Fetch) -> tuple[Path, list[str]]:
    """The folder of the repository that is at the standby now, fetched, and all names that it has there."""
    staging = run.heads()
    identity = mirror_files.identity(staging)
    here = run.folder / identity
    here.mkdir(mode=0o700, exist_ok=True)
    fixed = run.layout.fixed_head
    if fixed and not mirror_files.same(staging / fixed, here / fixed):
        raise TroubleError(f"{fixed} at the standby is not the one that was fetched before: nothing was taken. Find "
                           "out what happened there")
    names = run.body(here)
    mirror_files.publish(staging, here)
    return here, names


def give(settings: dict[str, Any]) -> dict[str, Any]:
    """Give the newest usable repository back to the standby: `{"id", "newest_at", "bytes", "seconds"}`.

    Raises TroubleError when there is none or when it does not arrive. The heads go last, so a repository that is only
    half there looks as if it held nothing.
    """
    with agent.locked(settings["lock"], float(settings.get("lock_s") or 600)):
        run, began = Fetch(settings), time.time()
        here = mirror_files.newest(run.layout, run.folder)
        counted = mirror_files.counted(run.layout, here)
        excludes = [f"--exclude=/{pattern}" for pattern in run.layout.heads]
        for words in (excludes, []):
            ended = run.rsync(*words, f"{here}/", str(settings["source"]))
            if ended.code != 0:
                raise TroubleError(f"the copies could not be given back: {ended.reason}")
        return {"id": here.name, **counted, "seconds": round(time.time() - began, 1)}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `mirror`: exit code 0 when all was done, or when another one is at work, else 1."""
    config = agent.configuration("mirror", arguments, give={"choices": ["yes", "no"], "default": "no"})
    settings = config["mirror"]
    os.umask(0o077)
    try:
        if config["options"]["give"] == "yes":
            sys.stdout.write(mirror_files.as_line(give(settings)))
            return 0
        facts = fetch(settings)
    except agent.BusyError:
        sys.stdout.write("The copies are being fetched or given back: this waits for the next time.\n")
        return 0 if config["options"]["give"] == "no" else 1
    except TroubleError as fault:
        sys.stdout.write(f"{fault}\n")
        return 1
    sys.stdout.write(f"{facts['result']} {facts['message']}\n")
    return 0 if facts["result"] == "ok" else 1
