# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call about the third place works on: the plan's entry, and where things of ours for one system are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

PATH = re.compile(r"/var/lib/bascule(/copies|-copies)/[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass
class Job:
    """Arguments of the module in the shapes of the plan, and what this call has changed."""

    system: dict[str, Any]
    place: str
    policy: str
    peer: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    runtime: str = ""
    run: dict[str, Any] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.system["id"])

    @property
    def third(self) -> dict[str, Any]:
        """The plan's entry: machine, address, by, repository, folder, every_s, keep_s, rpo_s."""
        return dict(self.system["third"])

    @property
    def machine(self) -> str:
        """The machine that this call runs on."""
        return str(self.third["machine"] if self.place == "third" else self.system["machines"]["standby"])

    @property
    def repository(self) -> str:
        return self._path("repository")

    @property
    def folder(self) -> str:
        return self._path("folder")

    def _path(self, key: str) -> str:
        path = str(self.third[key])
        if not PATH.fullmatch(path) or ".." in path.split("/"):
            raise TroubleError(f"{path} is no place for copies. Compile the policy again.")
        return path

    @property
    def etc(self) -> str:
        return f"/etc/bascule/{self.policy}"

    @property
    def var(self) -> str:
        return f"/var/lib/bascule/{self.policy}"

    def setting(self, name: str) -> str:
        """`json`, `key`, `ssh_config`, `known_hosts`: files of 0600."""
        return f"{self.etc}/{self.id}.third.{name}"

    def kept(self, name: str) -> str:
        """`json` (what the agent said last), `lock`."""
        return f"{self.var}/state/{self.id}.third.{name}"

    def unit(self, kind: str = "service") -> str:
        return f"bascule-third-{self.policy}-{self.id}.{kind}"

    @property
    def mark(self) -> str:
        return f"bascule:{self.policy}:{self.id}:third"

    @property
    def sudoers(self) -> str:
        return f"bascule-{self.policy}-{self.id}-third"

    def port(self, side: str) -> int:
        """The SSH port of a side's machine, which the step file takes from the inventory."""
        return int((self.options.get("ssh_ports") or {}).get(side) or 22)

    def did(self, what: str, changed: bool = True) -> bool:
        """Remember that something was changed; gives `changed` back."""
        if changed:
            self.changes.append(what)
        return changed
