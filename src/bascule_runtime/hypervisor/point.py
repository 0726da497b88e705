# SPDX-License-Identifier: Apache-2.0
"""One copy of a guest: a moment of its disks, with all that belongs to it, in an encrypted repository.

Beside the disks go the definition and the other files that the guest needs, in a folder of ours (`staging`), with
`point.json`: `{"schema", "guest", "side", "how", "at", "consistent", "why", "disks": [{"name", "file", "layers"}],
"files": {what: name in the folder}, "chain"}`. `how` is `image` or `changed-blocks`; `layers` are files, the top first.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any, Callable

from bascule_runtime import agent, copy
from bascule_runtime.hypervisor import FULL, INCREMENTAL, OFF, RUNNING, Holds, Hypervisor, TroubleError, chain, images

SUFFIX = "bascule-point"
SCHEMA, POINT, DEFINITION = "bascule/point/v1", "point.json", "definition.xml"
# The guest goes on writing while its disks are read.
LEAST_ROOM = 256 << 20
WHOLE, BLOCKS = "image", "changed-blocks"
Json = dict[str, Any]


def make(host: Hypervisor, settings: Json) -> Json:
    """Make one copy; what the state file says about it. Raises TroubleError when none can be made.

    What an earlier one left that was killed in the middle is tidied up first.
    """
    guest = str(settings["guest"])
    tidied = host.join(guest, SUFFIX) if host.state(guest) == RUNNING else False
    state = host.state(guest)
    if state not in (RUNNING, OFF):
        raise TroubleError(f"{guest} is {state} on this host, so it cannot be copied")
    # A guest that is off changes nothing: its disks are read as they are.
    how = settings["how"] if state == RUNNING else WHOLE
    facts = MAKERS[how](host, settings, state)
    return {**facts, "tidied": tidied, "how": how}


def _whole(host: Hypervisor, settings: Json, state: str) -> Json:
    guest = str(settings["guest"])
    definition = host.definition(guest)
    holds = host.holds(definition)
    disks = described(holds)
    _room(disks)
    if state == OFF:
        moment = {"at": time.time(), "consistent": "off", "why": ""}
        return _saved(settings, definition, holds, disks, moment)
    shot = host.snapshot(guest, SUFFIX)
    try:
        moment = {"at": shot.at, "consistent": shot.consistent, "why": shot.why}
        return _saved(settings, definition, holds, disks, moment)
    finally:
        host.join(guest, SUFFIX)


def described(holds: Holds) -> list[Json]:
    """Disks with all layers that they lie on, as `point.json` has them."""
    return [{"name": disk.name, "file": disk.file, "layers": images.layers(disk.file)} for disk in holds.disks]


def _room(disks: list[Json]) -> None:
    for folder in {os.path.dirname(disk["file"]) for disk in disks}:
        free = shutil.disk_usage(folder).free
        if free < LEAST_ROOM:
            raise TroubleError(f"{folder} has {free / 1e6:.0f} MB free. A guest that is copied needs "
                               f"{LEAST_ROOM / 1e6:.0f} MB to go on in. Make room there")


def _saved(settings: Json, definition: str, holds: Holds, disks: list[Json], moment: Json) -> Json:
    """Write down what belongs to the moment, and send all of it."""
    stage(settings, definition, holds, {**moment, "how": WHOLE, "disks": disks, "chain": None})
    return _sent(settings, moment, [layer["file"] for disk in disks for layer in disk["layers"]])


def stage(settings: Json, definition: str, holds: Holds, point: Json) -> None:
    """Fill the folder of ours that goes with the disks."""
    folder = Path(settings["staging"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {}
    for what, path in holds.files.items():
        if what == "loader" or not os.path.isfile(path):
            continue            # firmware comes with the packages of the other host
        files[what] = f"{what}-{os.path.basename(path)}"
        _kept(path, folder / files[what])
    (folder / DEFINITION).write_text(definition, encoding="utf-8")
    (folder / DEFINITION).chmod(0o600)
    whole = {"schema": SCHEMA, "guest": holds.name, "side": settings["side"], "files": files, **point}
    whole["places"] = dict(holds.files)
    agent.write_state(str(folder / POINT), whole)


def _kept(path: str, target: Path) -> None:
    now = os.stat(path)
    if target.is_file():
        then = target.stat()
        if (then.st_size, int(then.st_mtime)) == (now.st_size, int(now.st_mtime)):
            return
    # Content and time alone: libvirt's notes of who uses the file are of this host.
    shutil.copyfile(path, str(target))
    os.utime(target, ns=(now.st_atime_ns, now.st_mtime_ns))


def _sent(settings: Json, moment: Json, paths: list[str]) -> Json:
    tags = [*(settings.get("tags") or []), f"consistent={moment['consistent']}", f"moment={moment['at']:.3f}"]
    ended = copy.backup({**settings, "tags": tags, "paths": [settings["staging"], *paths]})
    return {**copy.outcome(ended), **moment}


def _blocks(host: Hypervisor, settings: Json, state: str) -> Json:
    """The blocks that changed, as the next link of the chain; a chain that is broken is left for a new one."""
    guest, began = str(settings["guest"]), time.time()
    folder, level, mended = _next_link(settings, began)
    if level == FULL:
        host.forget_blocks(guest)
    limit_s = float(settings.get("limit_s") or 86400)
    try:
        consistent, why = host.blocks(guest, folder, level, limit_s)
    except TroubleError as trouble:
        if level == FULL:
            raise
        # After a crash the notes of changed blocks are gone, and nothing leads on from the last link.
        mended = str(trouble)
        host.forget_blocks(guest)
        folder, level = _fresh(settings, began), FULL
        consistent, why = host.blocks(guest, folder, level, limit_s)
    chain.extend(folder, level, began, consistent)
    definition = host.definition(guest)
    holds = host.holds(definition)
    moment = {"at": began, "consistent": consistent, "why": why}
    stage(settings, definition, holds, {**moment, "how": BLOCKS, "disks": described(holds), "chain": folder})
    facts = _sent(settings, moment, [folder])
    if facts["result"] == "ok":
        _forget_older(settings, folder)
    return {**facts, "level": level, "mended": mended}


def _next_link(settings: Json, now: float) -> tuple[str, str, str]:
    """The folder and the level of the next link, and why a new chain is begun when the old one is broken."""
    chains = sorted(str(path) for path in Path(settings["chains"]).glob("[0-9]*") if path.is_dir())
    if not chains:
        return _fresh(settings, now), FULL, ""
    wrong = chain.gone_wrong(chains[-1], deep=False)
    if wrong:
        return _fresh(settings, now), FULL, wrong[0]
    begun = float(chain.read(chains[-1])["links"][0]["at"])
    if now - begun >= float(settings["full_every_s"]):
        return _fresh(settings, now), FULL, ""
    return chains[-1], INCREMENTAL, ""


def _fresh(settings: Json, now: float) -> str:
    folder = Path(settings["chains"], f"{int(now * 1000):015d}")
    folder.mkdir(mode=0o700, parents=True)
    return str(folder)


def _forget_older(settings: Json, folder: str) -> None:
    # The repository has what was sent; here only the chain is needed that goes on.
    for path in Path(settings["chains"]).iterdir():
        if path.is_dir() and str(path) != folder:
            shutil.rmtree(str(path))


MAKERS: dict[str, Callable[[Hypervisor, Json, str], Json]] = {WHOLE: _whole, BLOCKS: _blocks}
