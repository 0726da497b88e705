# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call about files works on: the plan's entry, names of everything of ours, and what earlier calls left."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

OTHER = {"primary": "standby", "standby": "primary"}
REPOSITORY = re.compile(r"/[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True)
class Names:
    """Where things of ours for one system are on a machine."""

    policy: str
    system: str
    root: str = ""

    @property
    def etc(self) -> str:
        return f"{self.root}/etc/bascule/{self.policy}"

    @property
    def var(self) -> str:
        return f"{self.root}/var/lib/bascule/{self.policy}"

    def setting(self, name: str) -> str:
        """`json` (of the agents), `password`, `key`, `tree-key`, `ssh_config`, `known_hosts`: files of 0600."""
        return f"{self.etc}/{self.system}.{name}"

    def kept(self, name: str) -> str:
        """`json` (of the steps), `copy.json`, `prune.json` (of the agents), `lock`."""
        return f"{self.var}/state/{self.system}.{name}"

    @property
    def heartbeat(self) -> str:
        return f"{self.var}/heartbeat/{self.system}"

    @property
    def owners(self) -> str:
        return f"{self.var}/heartbeat/{self.system}.owners"

    @property
    def cache(self) -> str:
        return f"{self.var}/cache/{self.system}"

    @property
    def sudoers(self) -> str:
        return f"bascule-{self.policy}-{self.system}"

    def beside(self, what: str) -> str:
        """The name of a hidden folder in the firm's file system: `new` while restoring, `old` until it is removed."""
        return f".bascule-{self.policy}-{self.system}.{what}"

    def unit(self, what: str, kind: str = "service") -> str:
        return f"bascule-{what}-{self.policy}-{self.system}.{kind}"

    def mark(self, what: str) -> str:
        return f"bascule:{self.policy}:{self.system}:{what}"

    def marker(self, group: str) -> str:
        return f"{self.var}/groups/{group}.json"


@dataclass
class Job:
    """Arguments of the module in the shapes of the plan, and what this call has changed and measured."""

    system: dict[str, Any]
    side: str
    serving: str
    policy: str
    peer: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    runtime: str | None = None
    root: str = ""
    changes: list[str] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.system["id"])

    @property
    def names(self) -> Names:
        return Names(self.policy, self.id, self.root)

    @property
    def machine(self) -> str:
        return str(self.system["machines"][self.side])

    @property
    def other(self) -> str:
        return OTHER[self.side]

    @property
    def serves(self) -> bool:
        """Whether this machine is on the side that is to serve."""
        return self.side == self.serving

    @property
    def paths(self) -> list[str]:
        """The trees of the system: `paths` of files, `state` of a service."""
        settings = self.system.get("settings") or {}
        return [str(path) for path in settings.get("paths") or settings.get("state") or []]

    @property
    def copies(self) -> dict[str, Any] | None:
        """The protection by restic, or None: then there is nothing to copy or to recover."""
        found = (item for item in self.system.get("protections") or [] if item.get("by") == "restic")
        return next((dict(item) for item in found), None) if self.paths else None

    @property
    def in_bucket(self) -> bool:
        """Whether copies are in a bucket, which both sides reach; else they are on the machine of the standby."""
        return (self.copies or {}).get("place") == "bucket"

    @property
    def repository(self) -> str:
        path = str((self.copies or {})["repository"])
        if not REPOSITORY.fullmatch(path) or ".." in path.split("/"):
            raise TroubleError(f"{path} is no good place for copies: use letters, digits, / . _ and -.")
        return path

    @property
    def password(self) -> str:
        """The text that encrypts the copies, as the firm keeps it."""
        name = str((self.copies or {}).get("key", {}).get("secret"))
        text = self.secrets.get(name, "").strip()
        if not text:
            raise TroubleError(f"The secret {name} is empty. Without it copies can neither be made nor read.")
        return text

    def address(self, side: str) -> str:
        return str(self.system["addresses"][side])

    def machine_address(self, side: str) -> str:
        """Where the machine of a side is reached: the same, but for what has an address of its own."""
        return self.address(side)

    def port(self, side: str) -> int:
        """The SSH port of a side's machine, which the step file takes from the inventory."""
        return int((self.options.get("ssh_ports") or {}).get(side) or 22)

    def limit(self, name: str, default_s: float) -> float:
        """A limit in seconds that the caller may set in `options`."""
        return float(self.options.get(name) or default_s)

    @property
    def mode(self) -> str:
        """`loss`, `planned` or `compromise`."""
        scenario = self.run.get("scenario")
        return str(scenario.get("mode", "loss")) if isinstance(scenario, dict) else str(scenario or "loss")

    def did(self, what: str, changed: bool = True) -> bool:
        """Remember that something was changed; gives `changed` back."""
        if changed:
            self.changes.append(what)
        return changed

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure a part in wall seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.durations[name] = round(self.durations.get(name, 0.0) + time.monotonic() - began, 3)

    def state(self) -> dict[str, Any]:
        """What earlier steps left about this system at this machine."""
        return machine_files.read_json(self.names.kept("json"))

    def save(self, **facts: Any) -> None:
        """Merge facts into the state; None removes one."""
        state = {key: fact for key, fact in {**self.state(), **facts}.items() if fact is not None}
        machine_files.write_json(self.names.kept("json"), state)

    def marker(self) -> dict[str, Any]:
        """Who serves the group of this system as this machine knows it, or nothing."""
        group = self.system.get("group")
        return machine_files.read_json(self.names.marker(str(group))) if group else {}

    def epoch(self) -> int:
        """The epoch of the group as this machine knows it."""
        return int(self.marker().get("epoch") or 0)

    def serves_already(self) -> bool:
        """Whether this side serves since an earlier run: its own state says so and no newer marker says otherwise."""
        state = self.state()
        moved_on = self.epoch() > int(state.get("epoch") or 0) and self.marker().get("serving") != self.side
        return state.get("serving") == self.side and not moved_on

    def take_over(self, **facts: Any) -> None:
        """Write down that this side serves from now on."""
        self.save(serving=self.side, epoch=self.epoch(), run=self.run.get("id"), since=round(time.time(), 3), **facts)
