# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines and services are knocked at, and which machines that are built in a cloud are there."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.plugin_utils import _outputs
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import built, reach, runs, scope, way

UNBUILT = "unbuilt.json"
JUMP_S = 8
LOG_IN_S = 2.0  # little more than the wait for those that are silent
AT_ONCE = 16


def of_machine(plan: dict[str, Any], name: str) -> tuple[str, int]:
    """Where to knock for machine `name`: itself, or the first bastion on the way to it."""
    machine = plan["machines"][name]
    via = plan["machines"].get(machine.get("via") or "")
    return (via or machine)["address"], int((via or machine).get("port") or 22)


def of_users(plan: dict[str, Any], about: scope.Scope, side: str) -> dict[str, tuple[str, int]]:
    """Where the users of each system knock at a side, by system, where the policy says so."""
    targets = {}
    for system in scope.systems(plan, about):
        port = (system["settings"].get("answers") or {}).get("port")
        machine = system["machines"].get(side)
        if port and machine:
            targets[system["id"]] = (system["addresses"][side], int(port))
    return targets


@contextlib.contextmanager
def logging_in(names: list[str], compiled: Path) -> Iterator[None]:
    """Log in to machines while the block runs, by the connection that Ansible shares afterwards (`ControlPersist`).

    An activation waits for machines that are dead anyway; it need not wait for a log-in after that. Nothing is done on
    the machines, and one that cannot be logged in to is found out by who works with it.
    """
    shared, deadline = compiled / "ssh_config", time.monotonic() + LOG_IN_S
    begun = [subprocess.Popen(["ssh", "-F", str(shared), name, "true"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=compiled,
                              start_new_session=True) for name in (names if shared.is_file() else ())]
    try:
        yield
    finally:
        for process in begun:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def states(plan: dict[str, Any], names: list[str], compiled: Path) -> dict[str, str]:
    """Which machines answer, all asked at once, as `reach.states`; those of a cloud by the end of their link too."""
    found = reach.states({name: of_machine(plan, name) for name in names})
    silent = [name for name in built.machines(plan) if found.get(name) == reach.SILENT]
    outputs = (_outputs.saved(compiled) if silent else None) or {"machines": {}}
    end = way.end_of_link(plan, outputs)
    if end is None or not reach.answering({end[0]: (end[1], of_machine(plan, end[0])[1])})[end[0]]:
        return found
    # What is not built now is not waited for.
    others = [name for name in silent if name != end[0] and name in outputs["machines"]]
    with ThreadPoolExecutor(AT_ONCE) as several:
        beyond = several.map(lambda name: _greets(compiled, way.jump(end[0], *of_machine(plan, name))), others)
    found.update({end[0]: reach.ANSWERS, **{name: reach.ANSWERS for name, greets in zip(others, beyond) if greets}})
    return found


def _greets(compiled: Path, argv: list[str]) -> bool:
    """Whether an SSH server speaks at the other end of a command."""
    with subprocess.Popen(argv, cwd=compiled, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        try:
            # The server speaks first, and what is said to it ends at once.
            said, _nothing = process.communicate(b"SSH-2.0-bascule\r\n", timeout=JUMP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _nothing = process.communicate()
    return said.startswith(b"SSH-")


def look_again(plan: dict[str, Any], run: dict[str, Any], folder: Path) -> None:
    """After a site was built or changed: ask its machines once more whether they answer; say why those that do not."""
    names = [name for name in built.machines(plan) if name in run["reachable"]]
    seen = states(plan, names, folder.parents[1])
    run["reachable"].update({name: seen[name] == reach.ANSWERS for name in names})
    run["absent"] = built.absent(plan, run)
    if run["driver"] in ("teardown", "sweep"):
        run["absent"] = [name for name in names if not run["reachable"][name]]
    if run["driver"] != "activate" or (run["check"] and not (folder / UNBUILT).exists()):
        return
    why = "; ".join((runs.read_json(folder / UNBUILT) or {}).values()) or "It was built and does not answer."
    run["unbuilt"] = {name: why for name in names if not run["reachable"][name]}
    run["absent"] = []


def fresh(plan: dict[str, Any], run: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """Machines that are built, are there, and hold nothing of ours yet: an activation prepares them first."""
    if run["driver"] != "activate":
        return []
    return [name for name in built.machines(plan) if (seen.get(name) or {}).get("built") is False]
