# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules of systems that are copied have in common: their arguments, and how a step's result is told."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_marker, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

STEPS = ("prepare", "protect", "points", "recover", "demote", "resync", "compare", "forget", "status")
SIDE = {"type": "str", "required": True, "choices": ["primary", "standby"]}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "step": {"type": "str", "required": True, "choices": list(STEPS)},
    "system": {"type": "dict", "required": True},
    "side": SIDE,
    "serving": SIDE,
    "policy": {"type": "str", "required": True},
    "peer": {"type": "dict", "default": {}},
    "options": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "runtime": {"type": "str", "default": ""},
    "run": {"type": "dict", "default": {}},
}


def main(steps: Mapping[str, Callable[[Any], dict[str, Any]]], make: Callable[..., Job] = Job) -> None:
    """Run the step that was asked for and tell its result, or why it failed as one sentence; `make` makes its job."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = {name: module.params[name] for name in ARGUMENTS if name != "step"}
    job = make(**given)
    step = str(module.params["step"])
    machine_files.only_reads(module, step)
    machine_run.give_way(job.run.get("behind", 0))
    try:
        with machine_files.one_step(job.policy, job.id, step, job.limit("lock_s", 1800)):
            result = steps[step](job)
            if step == "recover":
                machine_marker.moved(job.policy, job.system, job.side, job.run)
    except TroubleError as trouble:
        evidence = {"durations_s": job.durations, "changed": job.changes}
        module.fail_json(msg=f"{str(trouble).rstrip('.')}.", changed=bool(job.changes), evidence=evidence)
    except ValueError as fault:
        module.fail_json(msg=f"The marker of {job.id} was not written: {fault}. Look at dr-status.yml.")
    except OSError as fault:
        module.fail_json(msg=f"{job.machine} refused: {fault}. Correct it and run again.", changed=bool(job.changes))
    result = {"word": "done", "evidence": {}, **result}
    module.exit_json(changed=bool(job.changes), changes=job.changes, **result)
