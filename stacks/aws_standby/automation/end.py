# SPDX-License-Identifier: Apache-2.0
"""The end of a stack: all that its state knows of is destroyed, from the state alone."""

from __future__ import annotations

import time

from account.serving import refuse_serving

from automation import lost, note, remains
from automation.ask import Ask
from automation.opened import Opened, Say, open_stack
from automation.seen import Seen
from automation.trouble import Trouble, understood
from automation.work import PARALLEL, Result, drive, machines, read_after, result_of

# What a cloud refuses for a while, since something that hangs on it is not gone yet.
NOT_YET = ("DependencyViolation", "has dependencies", "in use", "is not empty", "ConflictException", "DeleteConflict")
WAITS_S = (5, 10, 20, 30, 30, 30, 60, 60, 60)


def destroy(ask: Ask, say: Say) -> Result:
    """Destroy what the state knows of, from the state alone; what is refused for a while is asked for again.

    Raise Trouble where users may work on its machines. Without machines nobody does, which no look at any could show.
    """
    opened, seen = open_stack(ask, say, acts=True), Seen(say)
    if opened.stack is None:
        lost.refuse(ask)
        return {**result_of(opened, seen), "gone": True}
    if not ask.facts.get("home"):
        refuse_serving(machines(opened))
    remains.clear(opened, say)
    if any(entry.get("protect") for entry in opened.resources):
        opened.run("state", "unprotect", "--all", "--yes")
    locked = _empty(opened, say)
    note.write(ask)
    try:
        for wait_s in (*WAITS_S, None):
            said = _destroyed(opened, seen, say)
            if said is None:
                break
            if locked:
                raise Trouble("locked-copies", f"All but the copies was destroyed: {locked}.")
            if wait_s is None or not any(word in said for word in NOT_YET):
                raise understood(said, tuple(seen.failures))
            say("waiting", seconds=wait_s, message=seen.failures[-1] if seen.failures else "")
            seen.failures.clear()
            time.sleep(wait_s)
    finally:
        note.remove(ask)
        read_after(opened)
    opened.workspace.remove_stack(ask.stack)
    return {**result_of(opened, seen), "gone": True}


def _destroyed(opened: Opened, seen: Seen, say: Say) -> str | None:
    try:
        drive(
            opened,
            seen,
            lambda: opened.stack.destroy(  # type: ignore[union-attr]
                on_event=seen.take, parallel=PARALLEL, continue_on_error=True, message=f"run {opened.ask.run}"
            ),
        )
    except Trouble as trouble:
        if trouble.reason != "error":
            raise
        return "\n".join([str(trouble), *seen.failures])
    return None


def _empty(opened: Opened, say: Say) -> str:
    """Delete the copies in buckets, which no bucket goes with; return why some stay."""
    names = [str(entry["id"]) for entry in opened.resources if entry["type"] == "aws:s3/bucket:Bucket"]
    if not names:
        return ""
    from account.taking import empty

    region = str(opened.ask.facts["region"])
    left = {name: empty(name, region) for name in names}
    return "; ".join(f"{name}: {why}" for name, why in left.items() if why)
