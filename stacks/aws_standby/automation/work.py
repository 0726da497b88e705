# SPDX-License-Identifier: Apache-2.0
"""What the engine is asked to do with a stack: show, build, say what was built."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi.automation import CommandError, ConcurrentUpdateError

from automation import lost, note, remains
from automation.ask import Ask
from automation.lock import held, named
from automation.opened import Opened, Say, make, open_stack, read_state, settings_file, settings_text, write_settings
from automation.seen import Seen
from automation.trouble import Trouble, understood

PHASE = "bascule:phase"
ACTIVATE = "activate"
PARALLEL = 16
Result = dict[str, Any]


def preview(ask: Ask, say: Say) -> Result:
    """What building would change; nothing is changed."""
    seen = Seen(say)
    with tempfile.TemporaryDirectory(prefix="bascule-preview-") as aside, _as_before(settings_file(ask)):
        opened = _to_look_at(ask, say, Path(aside))
        # Reading what was built takes as long as the engine's own start, and people wait for both.
        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(read_state, opened)
            _look(opened, seen, Path(aside))
            reading.result()
    return result_of(opened, seen)


@contextmanager
def _as_before(settings: Path) -> Iterator[None]:
    """Take away settings, and their folder, that were not there before: the engine writes some when it opens one."""
    kept, place = settings.exists(), settings.parent.exists()
    try:
        yield
    finally:
        if not kept:
            settings.unlink(missing_ok=True)
        if not place and settings.parent.exists() and not any(settings.parent.iterdir()):
            settings.parent.rmdir()


def up(ask: Ask, say: Say) -> Result:
    """Build what the settings say; `outputs` are then those of the program. A phase falls only when `fall` is asked."""
    _make_place(ask)
    opened, seen = open_stack(ask, say, acts=True), Seen(say)
    ask = _kept_phase(opened, say)
    if opened.stack is None:
        lost.refuse(ask)
        lost.refuse_twice(ask)
        make(opened)
    remains.clear(opened, say)
    note.write(ask)
    try:
        if ask.config.get(PHASE) != ACTIVATE:
            _refuse_what_is_forbidden(opened)
        drive(opened, seen, lambda: _build(opened, seen))
    except Trouble as trouble:
        read_after(opened)
        trouble.more["machines"] = machines(opened)
        raise
    finally:
        note.remove(ask)
    read_state(opened)
    return result_of(opened, seen)


def _refuse_what_is_forbidden(opened: Opened) -> None:
    """Ask the rules about all of it before any of it is built. Raise Trouble for what they forbid.

    While the engine builds, a rule stops what it is about, but not the things that are built beside it. An activation
    goes without this: its seconds count, and all that it adds are machines, of which a forbidden one is stopped alone.
    """
    with tempfile.TemporaryDirectory(prefix="bascule-preview-") as aside:
        _look(opened, Seen(lambda *_event, **_fields: None), Path(aside))


def _look(opened: Opened, seen: Seen, aside: Path) -> None:
    """Let the engine plan only. Its settings lie in `aside`: a run that changes the stack at this moment reads others.

    Raise Trouble for what it says when it fails.
    """
    settings = aside / f"Pulumi.{opened.ask.stack}.yaml"
    settings.write_text(settings_text(opened.ask), encoding="utf-8")
    drive(
        opened,
        seen,
        lambda: opened.stack.preview(  # type: ignore[union-attr]
            on_event=seen.take, policy_packs=_rules(opened.ask), config_file=str(settings), refresh=opened.ask.refresh
        ),
    )


def _build(opened: Opened, seen: Seen) -> None:
    """Let the engine build."""
    opened.stack.up(  # type: ignore[union-attr]
        on_event=seen.take,
        parallel=PARALLEL,
        policy_packs=_rules(opened.ask),
        continue_on_error=opened.ask.go_on,
        refresh=opened.ask.refresh,
        message=f"run {opened.ask.run}",
    )


def machines(opened: Opened) -> dict[str, Any]:
    """Machines that the state knows, by the names of the plan, as the outputs have them: for when those are old."""
    found = {}
    for entry in opened.resources:
        tags, known = (entry.get("inputs") or {}).get("tags") or {}, entry.get("outputs") or {}
        if entry["type"] == "aws:ec2/instance:Instance" and entry.get("id") and tags.get("bascule:machine"):
            found[tags["bascule:machine"]] = {
                "instance": entry["id"],
                "private": known.get("privateIp"),
                "public": None,
            }
    return found


def outputs(ask: Ask, say: Say) -> Result:
    """What was built last, as the state has it. Raise Trouble when nothing was."""
    opened = open_stack(ask, say, acts=False)
    if opened.stack is not None:
        read_state(opened)
    if opened.outputs is None:
        raise Trouble("nothing", "Nothing was built yet: the state knows no outputs.")
    return result_of(opened, Seen(say))


def _to_look_at(ask: Ask, say: Say, aside: Path) -> Opened:
    """The stack, its state not read yet; one of its own in a state of its own where nothing was ever built, since
    looking leaves nothing.
    """
    place = Path(ask.state.removeprefix("file://")).expanduser() if ask.state.startswith("file://") else None
    opened = None if place and not place.is_dir() else open_stack(ask, say, acts=False)
    if opened is None or opened.stack is None:
        lost.refuse(ask)
        opened = open_stack(Ask(**{**vars(ask), "state": f"file://{aside}"}), say, acts=False)
        make(opened)
    return opened


def drive(opened: Opened, seen: Seen, work: Callable[[], Any]) -> None:
    """Let the engine do something. Raise Trouble for what it says when it fails."""
    try:
        work()
    except ConcurrentUpdateError as error:
        raise held(named(str(error)), opened.ask.stack) from error
    except CommandError as error:
        raise _trouble(error, seen) from error


def _trouble(error: CommandError, seen: Seen) -> Trouble:
    if seen.rules:
        return Trouble("policy", f"The rules for the standby forbid it: {'; '.join(dict.fromkeys(seen.rules))}")
    return understood(str(error), tuple(seen.failures))


def _kept_phase(opened: Opened, say: Say) -> Ask:
    """The request, in the phase that the standby is in already when that is the one that serves."""
    was, ask = (opened.outputs or {}).get("phase"), opened.ask
    if was == ACTIVATE and ask.config.get(PHASE) not in (None, ACTIVATE) and not ask.fall:
        say("note", text="The standby is activated, so it stays so: dr-failback.yml takes it back.")
        opened.ask = Ask(**{**vars(ask), "config": {**ask.config, PHASE: ACTIVATE}})
        write_settings(opened.ask)
    return opened.ask


def _make_place(ask: Ask) -> None:
    """A state in a folder of this computer may be the first there."""
    if not ask.state.startswith("file://"):
        return
    try:
        Path(ask.state.removeprefix("file://")).expanduser().mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble("state", f"The state cannot be kept at {ask.state}: {error.strerror}.") from error


def _rules(ask: Ask) -> list[str] | None:
    """The rules for the standby: an executable, which every version of the language host can start."""
    found = sorted((ask.program / "pack").glob("pulumi-analyzer-*"))
    return [str(path) for path in found if os.access(path, os.X_OK)] or None


def read_after(opened: Opened) -> None:
    """Read the state as far as that can be, after something failed."""
    try:
        read_state(opened)
    except Trouble:
        opened.state = {}


def result_of(opened: Opened, seen: Seen) -> Result:
    """What the bridge answers with."""
    return {
        "changed": seen.changed(),
        "summary": seen.summary(),
        "steps": seen.planned(),
        "provider": seen.provider,
        "simulated": seen.simulated,
        "outputs": opened.outputs,
        "failures": seen.failures,
    }
