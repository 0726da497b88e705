# SPDX-License-Identifier: Apache-2.0
"""A stack that is open: its settings written, its state read, what an interrupted run left behind taken away."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import CommandError, CommandResult, ConcurrentUpdateError, Stack, StackNotFoundError

from automation import backend, lock, note
from automation.ask import Ask
from automation.command import Workspace, command
from automation.trouble import Trouble, understood

Say = Callable[..., None]
PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"
# A plugin that is missing fails at once and is not fetched; the state knows how its secrets are closed.
SETTINGS = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    "PULUMI_SKIP_CONFIRMATIONS": "true",
}
OUTPUT = "bascule"
STACK = "pulumi:pulumi:Stack"


@dataclass
class Opened:
    """``stack`` is Pulumi's, None where there is none yet; ``state`` is what it exports, with secrets closed.

    ``before``: the note of a run of this computer that was cut off while it changed the stack.
    """

    ask: Ask
    workspace: Workspace
    stack: Stack | None
    state: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        """What the state knows of."""
        return list(self.state.get("resources") or ())

    @property
    def pending(self) -> list[Mapping[str, Any]]:
        """What was being made or changed when an earlier run was cut off."""
        return list(self.state.get("pending_operations") or ())

    @property
    def outputs(self) -> dict[str, Any] | None:
        """The output of the program that is for all to read, as it was last time; None when there is none."""
        tops = [entry for entry in self.resources if entry["type"] == STACK]
        found = (tops[0].get("outputs") or {}).get(OUTPUT) if tops else None
        return found if isinstance(found, dict) else None

    def run(self, *arguments: str) -> CommandResult:
        """Run a command of Pulumi about this stack. Raise Trouble when it fails."""
        environment = dict(self.workspace.env_vars)
        try:
            return self.workspace.pulumi_command.run(
                [*arguments, "--stack", self.ask.stack], self.workspace.work_dir, environment
            )
        except ConcurrentUpdateError as error:
            raise lock.held(lock.named(str(error)), self.ask.stack) from error
        except CommandError as error:
            raise understood(str(error)) from error


def open_stack(ask: Ask, say: Say, acts: bool) -> Opened:
    """Open the stack of a request, without making it. `acts`: something is to be changed, so locks matter and the
    state is read; who only looks calls `read_state` when that is wanted. Raise Trouble when it cannot be opened.
    """
    workspace = Workspace(str(ask.program), env_vars=_environment(ask), pulumi_command=command())
    if acts and ask.config:
        write_settings(ask)
    before = note.left(ask) if acts else None
    if before and note.works(before):
        raise Trouble(
            "locked", f"The run {before['run']} of this controller is at work on the standby. Wait for its end."
        )
    try:
        opened = Opened(ask, workspace, Stack.select(ask.stack, workspace), before=before)
    except StackNotFoundError:
        return Opened(ask, workspace, None)
    except CommandError as error:
        raise understood(str(error)) from error
    if acts:
        _let_go(opened, say)
        read_state(opened)
    if before:
        say("note", text=f"{_cut_off(before)}; this one goes on from there.")
    return opened


def read_state(opened: Opened) -> None:
    """Read the state of a stack that is there."""
    opened.state = json.loads(opened.run("stack", "export").stdout).get("deployment") or {}


def make(opened: Opened) -> None:
    """Make the stack, which is not there yet. Raise Trouble when that cannot be."""
    opened.workspace.secrets_provider = "passphrase"
    try:
        opened.stack = Stack.create(opened.ask.stack, opened.workspace)
    except CommandError as error:
        raise understood(str(error)) from error


def _let_go(opened: Opened, say: Say) -> None:
    """Take away the locks on the state, when all of them were left by a run that is gone. Raise Trouble for others."""
    project = yaml.safe_load((opened.ask.program / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    try:
        found = backend.holds(opened.ask.state, project, opened.ask.stack)
    except Exception as error:
        raise understood(f"unable to open state: {error}") from error
    if not found or opened.stack is None:
        return
    if not all(lock.is_left(hold, opened.before) for hold in found):
        raise lock.held(found, opened.ask.stack)
    opened.stack.cancel()
    say("note", text=f"{_cut_off(opened.before)} and left its hold on the state behind, which was taken away.")


def _cut_off(before: Mapping[str, Any] | None) -> str:
    return f"The run {(before or {}).get('run')} was cut off while it changed the standby"


def _environment(ask: Ask) -> dict[str, str]:
    if not os.environ.get(PASSPHRASE):
        raise Trouble("passphrase", "The passphrase of the state was not given to the bridge.")
    return {**SETTINGS, "PULUMI_BACKEND_URL": ask.state, "PULUMI_PYTHON_CMD": sys.executable, "PYTHONUNBUFFERED": "1"}


def settings_file(ask: Ask) -> Path:
    """Where the settings of the stack are: beside what is kept, since the folder of the program is not written to."""
    project = yaml.safe_load((ask.program / "Pulumi.yaml").read_text(encoding="utf-8"))
    where = (ask.program / str(project.get("stackConfigDir") or ".")).resolve()
    return where / f"Pulumi.{ask.stack}.yaml"


def settings_text(ask: Ask) -> str:
    """The settings of the stack with what the program is to do; what the engine keeps there stays."""
    path = settings_file(ask)
    known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return str(yaml.safe_dump({**(known or {}), "config": dict(ask.config)}, sort_keys=False))


def write_settings(ask: Ask) -> None:
    """Write the settings of the stack, whole or not at all."""
    path = settings_file(ask)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(settings_text(ask), encoding="utf-8")
    draft.replace(path)
