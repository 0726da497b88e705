# SPDX-License-Identifier: Apache-2.0
"""`bascule-lab demo`: runs the story, prints one table at the end, and leaves the computer as it was."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TextIO

from bascule_lab import cloud, state
from bascule_lab.demo import result
from bascule_lab.demo.alone import alone
from bascule_lab.demo.cloud import Cloud
from bascule_lab.demo.cloud_story import CloudStory
from bascule_lab.demo.commands import Commands, FailedError
from bascule_lab.demo.rehearsal import Rehearsal, clean_environment
from bascule_lab.demo.story import Story
from bascule_lab.errors import FAILED, USAGE, LabError
from bascule_lab.host import require_root
from bascule_lab.lab_file import read_yaml

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_to(sub: argparse.ArgumentParser) -> None:
    """The options of the command; POLICY is there already."""
    sub.add_argument("--json", action="store_true", help="print the result as JSON, the story on standard error")
    sub.add_argument("--into", metavar="DIR", help="where logs and the compiled folder go (default .demo/POLICY-ID)")
    sub.add_argument(
        "--seconds",
        metavar="N",
        type=float,
        default=20.0,
        help="how long the firm works before its site is lost (default 20)",
    )


def demonstrate(args: argparse.Namespace) -> int:
    """Run it. Exit code 0 when every activity was recovered and came home, 1 else, 130 when interrupted."""
    require_root()
    policy = Path(args.policy).resolve()
    if not policy.is_file():
        raise LabError(f"{args.policy} is not there. Name a policy, for example examples/atelier/policy.yml.", USAGE)
    for number in SIGNALS:
        signal.signal(number, interrupt)
    rehearsal = prepare(policy, args.into)
    story = told_of(rehearsal, sys.stderr if args.json else sys.stdout, args.seconds)
    with alone(rehearsal.policy_id) as rehearsal.commands.running:
        empty(rehearsal.commands.folder)
        code, reason = perform(story, keep=os.environ.get("DEMO_KEEP") == "1")
    made = result.of(story, code, reason)
    data = json.dumps(made, ensure_ascii=False, indent=1)
    state.State(rehearsal.policy_id).write(rehearsal.commands.folder.parent / "result.json", data + "\n")
    print(data if args.json else result.text(made), flush=True)
    return code


def told_of(rehearsal: Rehearsal, out: TextIO, work_s: float) -> Story:
    """The story of a firm; another one when its standby is built in a cloud."""
    if not cloud.sites(read_yaml(rehearsal.policy)):
        return Story(rehearsal, out, work_s)
    return CloudStory(rehearsal, out, work_s, cloud=Cloud(rehearsal, rehearsal.commands.folder.parent))


def empty(logs: Path) -> None:
    """Remove the logs of an earlier demonstration."""
    for old in logs.glob("*.log"):
        old.unlink()


def prepare(policy: Path, into: str | None) -> Rehearsal:
    """A folder for logs, and the compiled folder beside it."""
    rehearsal = Rehearsal(policy, Path(), Commands(Path()))
    root = Path(into or f".demo/{rehearsal.policy_id}").resolve()
    logs = root / "logs"
    state.State(rehearsal.policy_id).make_folder(logs)
    rehearsal.build = root / "build"
    rehearsal.commands = Commands(logs, environment=clean_environment())
    return rehearsal


def perform(story: Story, keep: bool) -> tuple[int, str]:
    """Tell the story to its end; the lab is taken down in any case unless it is to be kept. Returns code and why."""
    story.say(f"A rehearsal of {story.rehearsal.policy}; logs in {story.rehearsal.commands.folder}")
    try:
        story.begin()
        story.lose()
        story.come_home()
        if not keep:
            story.finish()
    except KeyboardInterrupt:
        code, reason = INTERRUPTED, f"Interrupted in step {story.current}."
    except (FailedError, LabError) as error:
        log = getattr(error, "log", None)
        code, reason = FAILED, f"Step {story.current} failed: {error}" + (f" Read {log}" if log else "")
    else:
        code, reason = 0, ""
    if reason:
        story.say(reason)
    if keep:
        story.say("\n".join(story.look_around("DEMO_KEEP=1: everything is left running. Look around:")))
        return code, reason
    if code:
        leave(story)
    story.close()
    return code, reason


def leave(story: Story) -> None:
    """Take the lab down after a failure or an interruption; another Ctrl-C waits until that is done."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    story.say("Taking the lab down …")
    began = time.monotonic()
    try:
        story.rehearsal.down()
    except FailedError as error:
        story.say(f"The lab could not be taken down: {error} Try: bascule-lab down {story.rehearsal.policy}")
    else:
        story.say(f"The lab is down ({time.monotonic() - began:.0f} s).")


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C, also where a shell had it ignored, and every other polite request to end."""
    raise KeyboardInterrupt
