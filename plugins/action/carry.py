# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries the compiled folder to the machines at the standby from which a recovery can be run."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import carried
from ansible_collections.bascule.continuity.plugins.plugin_utils._acting import ActingBase, token
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import runs

HOME = "/opt/bascule"


def pack(folder: Path, target: Path) -> None:
    """Write what the manifest names, the manifest, and what was built, as one archive: the same bytes for the same."""
    names = [line.partition("  ")[2] for line in (folder / carried.MANIFEST).read_text(encoding="utf-8").splitlines()]
    # Wheels are laid beside by whoever compiles, for this.
    wheels = [str(path.relative_to(folder)) for path in sorted((folder / "wheels").glob("*.whl"))]
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted({*names, *wheels, *carried.beside(folder), carried.MANIFEST}):
            entry = tarfile.TarInfo(name)
            # Of what was built it is said how old it is.
            entry.mtime = int((folder / name).stat().st_mtime) if name in carried.BESIDE else 0
            entry.size = (folder / name).stat().st_size
            entry.mode = 0o755 if os.access(folder / name, os.X_OK) else 0o644
            with (folder / name).open("rb") as stream:
                archive.addfile(entry, stream)


class ActionModule(ActingBase):
    """See the documentation of the module of the same name."""

    MODULE = "bascule.continuity.carry"
    TRANSFERS_FILES = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Skip machines that are no controller of the standby, or that do not answer."""
        folder, run = token()
        machine = self.machine(task_vars)
        plan = runs.read_json(folder.parents[1] / "plan.json")
        ours = {entry["machine"] for entry in plan["controllers"].values() if entry["site"] != "primary"}
        if machine not in ours or not run["reachable"].get(machine, False):
            return {"changed": False, "skipped": True, "skip_reason": "no controller, or silent", "machine": machine}
        return super().run(tmp, task_vars)

    def prepared(self, args: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
                 task_vars: dict[str, Any]) -> dict[str, Any]:
        """Add where the folder goes, and bring the archive unless the same one is there."""
        compiled = folder.parents[1]
        digest = carried.digest_of(compiled)
        args.update(policy=plan["policy"]["id"], digest=digest, from_here=str(compiled),
                    target=self.host_variable(task_vars, "bascule_folders", HOME))
        if args.get("step") == "install":
            looked = self._execute_module(module_name=self.MODULE, module_args={**args, "step": "look"},
                                          task_vars=task_vars)
            if not looked.get("same") and not looked.get("failed"):
                archive = self._archive(folder, task_vars)
                pack(compiled, archive)
                remote = self._make_tmp_path()
                self._remote_temporary = remote
                where = self._connection._shell.join_path(remote, "folder.tar")
                args["archive"] = self._transfer_file(str(archive), where)
                self._fixup_perms2((remote, args["archive"]))
        return args

    def _archive(self, folder: Path, task_vars: dict[str, Any]) -> Path:
        """Where the archive is packed: a file for each machine, since several are served at once."""
        return folder / f"carry-{self.machine(task_vars)}.tar"

    def seen(self, result: dict[str, Any], folder: Path, run: dict[str, Any], plan: dict[str, Any],
             task_vars: dict[str, Any]) -> None:
        """Remove the archive on both computers."""
        self._archive(folder, task_vars).unlink(missing_ok=True)
        if getattr(self, "_remote_temporary", None):
            self._remove_tmp_path(self._remote_temporary)
