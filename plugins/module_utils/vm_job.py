# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call about a virtual machine works on, and how it asks the hypervisor of its host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import files_job, machine_forget, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

METHODS = ("image", "changed-blocks")


class DamagedError(TroubleError):
    """A copy that is there and cannot be made into images; the text says why."""


@dataclass
class Job(files_job.Job):
    """A guest: its copies are of its disks, wherever those are; what is ours of them lies in one folder of a host."""

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.system["settings"])

    @property
    def within(self) -> str | None:
        """The guest that this system runs inside, or None: then it is a guest itself."""
        return self.settings.get("within")

    @property
    def guest(self) -> str:
        return str(self.settings["guest"])

    @property
    def host(self) -> dict[str, Any]:
        """What this machine is as a host."""
        return dict(self.settings["hosts"][self.side])

    @property
    def target(self) -> str:
        """The folder of ours for images, in the first folder of images of this host."""
        pool = next(iter(self.host["pools"].values()))
        return f"{self.root}{pool}/{self.names.beside('guest')}"

    @property
    def paths(self) -> list[str]:
        """What the other side may read to bring the guest home."""
        return [] if self.within else [self.target]

    @property
    def staging(self) -> str:
        return f"{self.names.var}/guest/{self.id}"

    @property
    def chains(self) -> str:
        return f"{self.names.var}/chains/{self.id}"

    @property
    def copies(self) -> dict[str, Any] | None:
        """The protection of a guest: its first, or None inside another."""
        found = (item for item in self.system.get("protections") or [] if item.get("by") in METHODS)
        return next((dict(item) for item in found), None)

    def machine_address(self, side: str) -> str:
        """See `files_job.Job`: the host's, not the guest's."""
        return str(self.settings["hosts"][side]["address"])

    def about(self) -> dict[str, Any]:
        """What the hypervisor must know to let the guest stand on this host."""
        said, host = self.settings, self.host
        addresses = {"old": self.address(self.other), "new": self.address(self.side)}
        return {"mapping": said["mapping"][self.side], "level": said["levels"][self.side], "cpu": host["cpu"],
                "accel": host["accel"], "gateway": host["gateway"], "prefix": said["prefix"][self.side],
                "addresses": None if said["keeps_address"] else addresses}

    def ask(self, do: str, limit_s: float = 300.0, **more: Any) -> Any:
        """One request to the hypervisor of this host. Raises TroubleError with its sentence, or DamagedError."""
        argv = ["/usr/bin/python3", "-I", machine_forget.LAUNCHER, "guest", "--config", self.names.setting("json")]
        ended = machine_run.run(argv, limit_s=limit_s, stdin=json.dumps({"do": do, "limit_s": limit_s, **more}))
        try:
            told = json.loads(ended.out)
        except ValueError:
            raise TroubleError(f"The hypervisor of {self.machine} gave no answer ({do}): {ended.reason}") from None
        if "ok" in told:
            return told["ok"]
        raise (DamagedError if told.get("damaged") else TroubleError)(f"{self.machine}: {told['trouble']}")
