# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the journal of a run; always on in a compiled folder, since the guard refuses without it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: journal
type: notification
short_description: Writes what happens in a run, as it happens
description:
  - Makes the folder of the run below C(runs/) of the compiled folder and writes C(journal.jsonl) there, one JSON object
    a line, on disk before the run goes on.
  - Writes the end states of recovery units, which P(bascule.continuity.gate#module) reads.
  - Shows the progress of the run, activity by activity, live on a terminal and else a line for each change. What
    Ansible would show goes to C(ansible.log) in the folder of the run; with C(-v), C(--diff) or
    E(ANSIBLE_STDOUT_CALLBACK) it is shown instead.
  - Prints the report, or the reason why the run was refused, as the last thing.
requirements:
  - Enabled by C(callbacks_enabled) in the C(ansible.cfg) of the compiled folder.
author:
  - The Bascule authors (@bascule)
"""

import getpass
import os
import re
import sys
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version
from ansible_collections.bascule.continuity.plugins.plugin_utils import _refusals, _screen
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import journal, runs, unreached, write_page

# A gate with one of these holds nobody.
INSIDE = frozenset({"finish", "fenced", "stay"})
BOOK_KEEPING = frozenset({"include_tasks", "include_role", "import_tasks", "import_role", "meta", "set_fact", "guard"})
BUILDERS = frozenset(f"bascule.continuity.{name}" for name in ("stack", "account", "contact"))
# How drivers write that a play is not for this policy.
NOBODY = "all:!all"
DRIVER = re.compile(r"dr[-_]([a-z]+)\.ya?ml")


def _facts(driver: str, plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "driver": driver, "check": bool(context.CLIARGS.get("check")), "policy": plan["policy"]["id"],
        "digest": plan["policy"]["digest"], "ansible": ansible_version, "python": sys.version.split()[0],
        "controller": os.uname().nodename, "user": getpass.getuser(), "pid": os.getpid(),
    }


def _told(task: Any) -> dict[str, Any]:
    """What those who look on are told when a task begins: nothing of Ansible's own book-keeping."""
    namespace, _, action = str(task.action).rpartition(".")
    args = task.args if isinstance(task.args, dict) else {}
    if action == "gate":
        if INSIDE & args.keys():
            return {}
        gate = {"stage": str(args.get("stage", runs.MAIN)), "after": str(args.get("after", "graph"))}
        return {"name": str(task.get_name()), "gate": gate}
    if action in BOOK_KEEPING:
        return {}
    step = str(args.get("step") or action) if namespace == "bascule.continuity" else ""
    return {"name": str(task.get_name()), "step": step}


def _rescued(task: Any) -> bool:
    """Whether a failure of `task` leads into a rescue: Ansible reports it as failed all the same."""
    child, parent = task, getattr(task, "_parent", None)
    while parent is not None:
        beside = [*(getattr(parent, "rescue", None) or []), *(getattr(parent, "always", None) or [])]
        if getattr(parent, "rescue", None) and child._uuid not in {entry._uuid for entry in beside}:
            return True
        child, parent = parent, getattr(parent, "_parent", None)
    return False


class CallbackModule(CallbackBase):
    """Listens to ansible-playbook, in its main process."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bascule.continuity.journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder: Any = None
        self._screen: Any = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Make the run's folder, and tell the workers to come."""
        os.environ.pop("BASCULE_RUN", None)
        driver = DRIVER.fullmatch(os.path.basename(str(playbook._file_name)))
        plan = runs.read_json("plan.json")
        if not driver or not plan:
            return
        refused = _refusals.of_process(context.CLIARGS, _refusals.AT_ONCE)
        if refused:
            # Said here too, before the first task: --step and a debugger ask questions, and some options leave out the
            # guard.
            self._display.display(f"Refused: {refused[1]}")
            raise SystemExit(2)
        folder = runs.create(Path.cwd() / "runs", driver.group(1))
        os.environ.update(BASCULE_RUN=str(folder), BASCULE_RUN_PID=str(os.getpid()))
        self._recorder = journal.Recorder(journal.Writer(folder), frozenset(unit["id"] for unit in plan["units"]))
        self._recorder.writer.write("run_started", **_facts(driver.group(1), plan))
        self._screen = _screen.Screen(folder) if _screen.wanted(context.CLIARGS) else None

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A new part of the time line, perhaps; a play that is for nobody is none."""
        if self._recorder and NOBODY not in ([play.hosts] if isinstance(play.hosts, str) else play.hosts):
            self._recorder.play(str(play.get_name()), str((play.vars or {}).get("bascule_phase", "")))

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Durations are from here to the result, for each host."""
        if self._recorder:
            self._recorder.began(str(host.name), str(task._uuid), **_told(task))

    def _ended(self, result: Any, state: str, forgiven: bool = False) -> None:
        if not self._recorder:
            return
        host = getattr(result, "host", None) or result._host
        task = getattr(result, "task", None) or result._task
        data = dict(result.result if hasattr(result, "result") else result._result)
        if state == "unreachable":
            machine = str(task.delegate_to or host.name)
            data.update(machine=machine, msg=unreached.sentence(machine, str(data.get("msg") or "")))
        forgiven = forgiven or (state == "failed" and _rescued(task))
        self._recorder.ended(str(host.name), str(task._uuid), str(task.get_name()), state, data, forgiven)
        if str(task.action).endswith("guard") and data.get("written"):
            self._recorder.writer.write("guard", **runs.read_json(self._recorder.writer.folder / "run.json"))
        self._built(str(task.action), data)
        for note in data.get("notes") or []:
            self._recorder.note(str(note))

    def _built(self, action: str, data: dict[str, Any]) -> None:
        """What steps on the controller did in a cloud, and which machines were met for the first time."""
        if action not in BUILDERS:
            return
        for event in ("stack", "account"):
            if data.get(event):
                self._recorder.writer.write(event, **data[event])
        for contact in data.get("contacts") or []:
            self._recorder.writer.write("first_contact", **contact)

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task did what it should."""
        self._ended(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed; the unit with it, unless a rescue takes over."""
        self._ended(result, "failed", ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A machine did not answer."""
        task = getattr(result, "task", None) or result._task
        self._ended(result, "unreachable", bool(task.ignore_unreachable))

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was not needed."""
        self._ended(result, "skipped")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end: the report or the reason is the last thing on the screen."""
        if not self._recorder:
            return
        recorder, self._recorder = self._recorder, None
        bad = {host: stats.summarize(host) for host in stats.processed}
        failed = any(entry["failures"] or entry["unreachable"] for entry in bad.values())
        recorder.close(2 if failed else 0)
        if self._screen:
            self._screen.close()
        report = recorder.writer.folder / "report.txt"
        self._display.display(f"\nRun: {recorder.writer.folder}")
        self._page(recorder.writer.folder)
        if report.is_file():
            self._display.display(report.read_text(encoding="utf-8"))
        elif recorder.reason:
            self._display.display(recorder.reason)

    def _page(self, folder: Path) -> None:
        """Write the page of the run, now that its journal is whole; what the run came to does not hang on it."""
        try:
            self._display.display(f"Page: {write_page(folder)}")
        except Exception as error:
            self._display.warning(f"The page of the run was not written ({type(error).__name__}: {error}). "
                                  f"`bascule report {folder} --html` tries again.")
