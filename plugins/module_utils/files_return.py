# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps `demote`, `resync` and `compare`: holding a side still, and making the old primary a copy again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_leftover,
    files_protect,
    files_recover,
    files_tree,
    machine_run,
    units_systemd,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

RSYNC = ("rsync", "-aHAXS", "--delete", "--timeout=120", "--stats", "--exclude=/lost+found", "--exclude=/.bascule-*")
VANISHED = 24           # rsync: files went away while it read; normal while the other side serves
SHOWN = 5


def demote(job: Job) -> dict[str, Any]:
    """Refuse writes here; with `options.last`, ship what was written last before the agents stop.

    `options.mode` is `hold`, `stop` (the same for trees: they stay readable) or `release` (the run was given up).
    """
    if job.copies is None:
        return {"evidence": {"mode": job.options.get("mode")}}
    if job.options.get("mode") == "release":
        files_recover.resume(job)
        return {"evidence": {"mode": "release"}}
    files_agents.install_runtime(job)
    files_agents.ensure(job)
    # Held since an earlier run that took its last copy: nothing was written since, and the standby may take no more.
    shipped = job.state().get("last") if job.state().get("demoted") and files_agents.refuses(job) else None
    if job.options.get("last") and job.side == "primary" and not shipped:
        try_the_way(job)
    with job.timed("hold"):
        refused = files_agents.hold(job)
    if not refused:
        raise TroubleError(f"The trees of {job.id} on {job.machine} can still be written to. Stop what uses them.")
    evidence: dict[str, Any] = {"refuses_writes": refused, "last": shipped}
    # The standby's copies are on its own disk: from there data go by `resync`, and nobody waits for a copy.
    if job.options.get("last") and job.side == "primary" and not shipped:
        units_systemd.stop(job.names.unit("heartbeat"), 30)
        # Nothing can be written any more, so what is in the trees is what there will be at this moment.
        Path(job.names.heartbeat).write_text(f"{time.time():.3f}\n", encoding="ascii")
        said = files_agents.copy_now(job, job.limit("copy_s", 3600))
        evidence["last"] = {"id": said["snapshot"], "at": said["started"], "by": "restic"}
    files_agents.stand_down(job)
    # A standby that is held goes on being the side with the data until the primary has taken over.
    gone = {"serving": job.other, "epoch": job.epoch()} if job.side == "primary" else {}
    job.save(demoted=job.run.get("id"), last=evidence["last"], protecting=None, **gone)
    facts: dict[str, Any] = {}
    if job.options.get("mode") == "hold" and job.side == "standby":
        # The other side can be compared with this in the same call in which it takes the last files.
        facts = {"serves": job.serves_already(), "demoted": job.run.get("id"), **digests(job)}
    return {"facts": facts, "evidence": {**evidence, "durations_s": job.durations}}


def try_the_way(job: Job) -> None:
    """Copy once while users still work: a link that is broken is found before anybody is kept from work, and less is
    left to be copied while they are."""
    try:
        files_agents.copy_now(job, job.limit("copy_s", 3600))
    except TroubleError as trouble:
        raise TroubleError(f"{str(trouble).rstrip('.')}. Nothing was stopped: users go on at {job.machine}.") from None


def resync(job: Job) -> dict[str, Any]:
    """On the machine that serves: let the trees be read. On the other: bring them here, deletions too.

    `options.final` is the last pass, after `hold`; passes before it read all content, so that a file that differs
    without showing it by time or size is found while nobody waits. When `hold` has told what the other side holds, the
    last pass compares at once.
    """
    if job.copies is None:
        return {}
    files_agents.install_runtime(job)
    if job.side == "standby":
        state = job.state()
        facts = {"serves": job.serves_already(), "demoted": state.get("demoted"), "machine": job.machine,
                 "taken": state.get("run"), "reaches": (state.get("point") or {}).get("at")}
        files_agents.ensure(job)
        files_protect.let_tree_out(job, facts["serves"])
        return {"facts": facts, "evidence": {"gives": job.paths if facts["serves"] else []}}
    if not job.peer.get("serves") or took_over_from(job, job.peer.get("demoted")):
        return {"evidence": {"strategy": "already"}}
    files_agents.ensure(job)
    files_agents.release(job)
    files_agents.stand_down(job)
    final = bool(job.options.get("final"))
    # What the other side never had was kept aside before the first pass of this run; since then nobody wrote here.
    if not final:
        with job.timed("keep"):
            files_leftover.keep(job)
    with job.timed("resync"):
        sent = [bring(job, number, path, final) for number, path in enumerate(job.paths)]
    notes = files_leftover.settle(job) if job.state().get("kept") and not final else []
    brought = {"run": job.run.get("id"), "final": final, "at": round(time.time(), 3)}
    job.save(resynced=brought, demoted=job.run.get("id"), serving="standby")
    sums = {"bytes": sum(got for got, _size in sent), "whole_bytes": sum(size for _got, size in sent)}
    evidence = {"final": final, **sums, "durations_s": job.durations}
    if final and job.peer.get("trees") is not None:
        compared = compare(job)
        return {**compared, "evidence": {**evidence, **compared["evidence"]}}
    return {"notes": notes, "evidence": evidence}


def took_over_from(job: Job, held_by: str | None) -> bool:
    """Whether this side serves since the run that holds the other one: then its trees are the newer ones."""
    state = job.state()
    return bool(held_by) and state.get("serving") == job.side and state.get("run") == held_by


def bring(job: Job, number: int, path: str, final: bool) -> tuple[int, int]:
    """Make one tree equal to the other side's; return the bytes that were sent, and those that it has."""
    os.makedirs(path, exist_ok=True)
    more = [] if final else ["--checksum"]
    argv = [*RSYNC, *more, "-e", f"ssh -F {job.names.setting('ssh_config')}", "--", f"tree:{number}/", f"{path}/"]
    ended = machine_run.run(argv, limit_s=job.limit("resync_s", 86400))
    if ended.code not in ((0,) if final else (0, VANISHED)):
        raise TroubleError(f"{path} could not be brought to {job.machine}: {ended.reason}. Run dr-failback.yml again.")
    figures = dict(line.split(": ", 1) for line in ended.out.splitlines() if ": " in line)
    counts = [number_in(figures.get(f"Number of {what} files", "0")) for what in ("created", "deleted")]
    job.did(path, any(counts) or number_in(figures.get("Number of regular files transferred", "0")) > 0)
    return moved(figures)


def moved(figures: dict[str, str]) -> tuple[int, int]:
    """The bytes that rsync received, and those of all files that it looked at."""
    return number_in(figures.get("Total bytes received", "0")), number_in(figures.get("Total file size", "0"))


def number_in(text: str) -> int:
    """The first number of a figure such as `1,234 (reg: 3)` or `12.345`."""
    return int("".join(sign for sign in (text.split() or ["0"])[0] if sign.isdigit()) or 0)


def digests(job: Job) -> dict[str, Any]:
    """What the other side needs in order to compare itself with this one: `trees` by path, and `machine`."""
    with job.timed("digest"):
        return {"trees": {path: files_tree.digest(path) for path in job.paths}, "machine": job.machine}


def compare(job: Job) -> dict[str, Any]:
    """Digest the trees of this side; with the other side's digests in `peer`, fail and name what differs."""
    if job.copies is None:
        return {"facts": {}, "evidence": {"digest": {}, "equal": None}}
    mine = digests(job)
    found = mine["trees"]
    theirs = job.peer.get("trees")
    differing = differences(found, theirs) if theirs is not None else []
    if differing:
        more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        raise TroubleError(f"The files of {job.id} differ between {job.peer.get('machine')} and {job.machine}: "
                           f"{', '.join(differing[:SHOWN])}{more}. Nothing was let go. Run dr-failback.yml again.")
    shown = {path: {key: value for key, value in one.items() if key != "parts"} for path, one in found.items()}
    return {
        "word": "done" if theirs is None else "data_correct",
        "facts": mine,
        "evidence": {"digest": shown, "equal": None if theirs is None else True, "durations_s": job.durations},
    }


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """What is not the same: the first names below a tree where both sides kept them, else the tree."""
    found = []
    for path in sorted({*mine, *theirs}):
        one, two = mine.get(path) or {}, theirs.get(path) or {}
        if one.get("sha256") == two.get("sha256") and one:
            continue
        parts, others = one.get("parts") or {}, two.get("parts") or {}
        names = [name for name in sorted({*parts, *others}) if parts.get(name) != others.get(name)]
        found += [os.path.normpath(f"{path}/{name}") for name in names] if parts and others else [path]
    return found
