# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call of the module works on: its arguments, the state that earlier calls left, what it has changed."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator

from ansible_collections.bascule.continuity.plugins.module_utils import pg_cluster, pg_host, pg_version
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

OTHER = {"primary": "standby", "standby": "primary"}


@dataclass
class Job:
    """Arguments of the module, in the shapes of the plan; `state` is kept in `/etc/bascule/<policy>/<system>.json`."""

    step: str
    system: dict[str, Any]
    side: str
    serving: str
    policy: str
    peer: dict[str, Any] = field(default_factory=dict)
    password: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    runtime: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.system["id"])

    @property
    def label(self) -> str:
        return str(self.system["settings"]["cluster"])

    @property
    def other(self) -> str:
        return OTHER[self.side]

    @property
    def machine(self) -> str:
        return str(self.system["machines"][self.side])

    def address(self, side: str) -> str:
        return str(self.system["addresses"][side])

    @property
    def streaming(self) -> dict[str, Any] | None:
        return self._protection("streaming")

    @property
    def copies(self) -> dict[str, Any] | None:
        return self._protection("pgbackrest")

    def _protection(self, kind: str) -> dict[str, Any] | None:
        return next((dict(item) for item in self.system.get("protections") or [] if item.get("by") == kind), None)

    @property
    def slot(self) -> str:
        return str((self.streaming or {}).get("slot") or "bascule_" + self.id.replace("-", "_"))

    @property
    def state_path(self) -> str:
        return f"/etc/bascule/{self.policy}/{self.id}.json"

    @property
    def home(self) -> str:
        """Where what belongs to the cluster's owner is kept: passfile, SSH key, known hosts."""
        return f"/var/lib/bascule/{self.policy}/postgresql/{self.id}"

    def cluster(self) -> Cluster:
        """The cluster of this system on this machine. Raises PlainError when it is not there."""
        wrong = pg_version.problem(self.machine, self.id, self.label)
        if wrong:
            raise PlainError(wrong)
        found = pg_cluster.find(self.label)
        if found is None:
            raise PlainError(
                f"{self.machine} has no PostgreSQL cluster {self.label}. Run dr-build.yml, which makes it."
            )
        return found

    def did(self, what: str, changed: bool = True) -> bool:
        """Remember that something was changed; gives `changed` back."""
        if changed:
            self.changes.append(what)
        return changed

    def note(self, text: str) -> None:
        """A sentence that the report of the run repeats."""
        self.notes.append(text)

    def load(self) -> None:
        text = pg_host.read(self.state_path)
        self.state = json.loads(text) if text.strip() else {}

    def save(self, **facts: Any) -> None:
        """Merge facts into the state of this machine (0600: it holds the replication password)."""
        self.state.update(facts)
        pg_host.folder(f"/etc/bascule/{self.policy}", mode=0o755)
        pg_host.write(self.state_path, json.dumps(self.state, indent=1, sort_keys=True) + "\n", mode=0o600)

    def serve(self, side: str) -> None:
        """Remember which side serves from now on."""
        if self.state.get("serving") != side:
            self.save(serving=side, serving_at=round(time.time(), 3))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure a part in wall seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.durations[name] = round(self.durations.get(name, 0.0) + time.monotonic() - began, 3)

    def limit(self, name: str, default_s: float) -> float:
        """A limit in seconds that the caller may set in `options`."""
        return float(self.options.get(name) or default_s)
