#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target side: installs the compiled folder, and what it runs with."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: carry
short_description: Installs the compiled folder on a machine from which a recovery can be run
version_added: "0.1.0"
description:
  - Puts the folder at C(/opt/bascule/POLICY), readable by root alone, and keeps the runs that were made there.
  - Makes a virtual environment C(venv) beside it from the C(wheels) in the folder, without a network, if there are any.
  - Works only inside a run that P(bascule.continuity.guard#module) let through.
options:
  step:
    description:
      - What to do. V(look) says whether the same folder is there.
      - V(status) says whether a recovery could be run from there, with the secrets and the machines that it needs.
    type: str
    choices: [look, status, install, forget]
    required: true
  policy:
    description: Identity of the policy. Given by the action.
    type: str
  digest:
    description: SHA-256 of the folder's manifest and of what was built beside it. Given by the action.
    type: str
  archive:
    description: The folder as a tar, on the machine. Given by the action.
    type: path
  target:
    description: Where folders go.
    type: path
    default: /opt/bascule
  from_here:
    description: The folder that this run was started in. Given by the action.
    type: str
  run:
    description: The run. Given by the action.
    type: dict
    default: {}
author:
  - The Bascule authors (@bascule)
"""

EXAMPLES = r"""
- name: Install the folder
  bascule.continuity.carry:
    step: install
"""

RETURN = r"""
evidence:
  description: Where the folder is, whether it can run there, and for V(forget) what is left.
  returned: always
  type: dict
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tarfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bascule.continuity.plugins.module_utils import carried


def unpack(archive, folder):
    """Replace `folder` by what is in the archive, in one step; runs that were made there stay."""
    fresh, old = folder + ".new", folder + ".old"
    for path in (fresh, old):
        shutil.rmtree(path, ignore_errors=True)
    os.makedirs(fresh, mode=0o700)
    with tarfile.open(archive) as packed:
        for entry in packed.getmembers():
            if not entry.isfile() or entry.name.startswith("/") or ".." in entry.name.split("/"):
                raise ValueError("the archive holds {0}, which is not a file of the folder".format(entry.name))
        packed.extractall(fresh)
    if os.path.isdir(folder):
        for kept in ("runs", "venv"):
            if os.path.isdir(os.path.join(folder, kept)):
                os.rename(os.path.join(folder, kept), os.path.join(fresh, kept))
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def tools(module, folder):
    """Install what the folder runs with, from its own wheels; returns whether ansible-playbook is there to be used."""
    venv = os.path.join(folder, "venv")
    own = os.path.join(venv, "bin", "ansible-playbook")
    if glob.glob(os.path.join(folder, "wheels", "*.whl")) and not os.path.exists(own):
        for argv in ([sys.executable, "-m", "venv", venv],
                     [os.path.join(venv, "bin", "pip"), "install", "--quiet", "--no-index", "--find-links",
                      os.path.join(folder, "wheels"), "ansible-core", "pytest", "pytest-testinfra"]):
            ended = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
            if ended.returncode:
                lines = (ended.stderr or ended.stdout).strip().splitlines() or ["no reason given"]
                module.fail_json(msg="The tools cannot be installed from the wheels ({0}). Compile with wheels for the "
                                     "Python of this machine, {1}.{2}.".format(lines[-1], *sys.version_info[:2]))
    return os.path.exists(own) or bool(shutil.which("ansible-playbook"))


def ready(folder, same):
    """What keeps a recovery from being run from this machine, as sentences."""
    if not os.path.isfile(os.path.join(folder, "plan.json")):
        return ["the compiled folder is not there: run dr-build.yml"]
    problems = [] if same else ["the folder there is not the one that this run uses: run dr-build.yml"]
    own = os.path.join(folder, "venv", "bin", "ansible-playbook")
    if not os.path.exists(own) and not shutil.which("ansible-playbook"):
        problems.append("ansible-playbook is missing: compile with --wheels, or install ansible-core")
    ended = subprocess.run([sys.executable, "-m", "bascule_runtime", "ready", folder], capture_output=True, text=True,
                           timeout=60, check=False, env={**os.environ, "PYTHONPATH": os.path.join(folder, "lib")})
    try:
        found = json.loads(ended.stdout)
    except ValueError:
        return [*problems, "its plan cannot be read there: {0}".format(ended.stderr.strip()[-200:])]
    problems += ["the secret {0}".format(sentence) for sentence in found["missing"]]
    return problems + ["{0} does not answer from there".format(name) for name in found["silent"]]


def forget(args, folder):
    """Remove the folder, unless this very run was started in it."""
    if os.path.isdir(folder) and os.path.realpath(folder) == os.path.realpath(args["from_here"]):
        return {"changed": False, "word": "done", "evidence": {"left": []},
                "notes": ["{0} was not removed: this run was started in it. Remove it by hand.".format(folder)]}
    present = os.path.isdir(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.isdir(args["target"]) and not os.listdir(args["target"]):
        os.rmdir(args["target"])
    return {"changed": present, "word": "done", "evidence": {"left": [folder] if os.path.exists(folder) else []}}


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "choices": ["look", "status", "install", "forget"], "required": True},
        "policy": {"type": "str"},
        "digest": {"type": "str"},
        "archive": {"type": "path"},
        "target": {"type": "path", "default": "/opt/bascule"},
        "from_here": {"type": "str"},
        "run": {"type": "dict", "default": {}},
    }, supports_check_mode=True)
    args = module.params
    folder = os.path.join(args["target"], args["policy"])
    compiled = os.path.isfile(os.path.join(folder, carried.MANIFEST))
    same = compiled and carried.digest_of(folder) == args["digest"]
    if args["step"] == "look":
        module.exit_json(changed=False, same=same)
    if args["step"] == "status":
        module.exit_json(changed=False, evidence={"problems": ready(folder, same)})
    if args["step"] == "forget":
        module.exit_json(**forget(args, folder))
    try:
        if not same:
            unpack(args["archive"], folder)
        usable = tools(module, folder)
    except (OSError, ValueError, tarfile.TarError, subprocess.TimeoutExpired) as error:
        module.fail_json(msg="The folder cannot be installed here: {0}.".format(error))
    missing = ["A recovery cannot be run from there yet: ansible-playbook is missing. Compile with --wheels, or "
               "install ansible-core."]
    notes = [] if usable else missing
    module.exit_json(changed=not same, word="done", notes=notes, evidence={"folder": folder, "can_run": usable})


if __name__ == "__main__":
    main()
