# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one call about the link works on: what the action says of this machine, and where things of ours are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# Room for the tunnel's own head in a packet of 1500 bytes, over IPv4 and over IPv6.
MTU = 1420


@dataclass
class Job:
    """`link` is what `plugin_utils/_link.settings` gives; `changes` is what this call has changed."""

    link: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)
    limit_s: float = 25.0
    changes: list[str] = field(default_factory=list)

    @property
    def policy(self) -> str:
        return str(self.link["policy"])

    @property
    def machine(self) -> str:
        return str(self.link["machine"])

    @property
    def interface(self) -> str:
        return str(self.link["interface"])

    @property
    def number(self) -> int:
        """The table of our routes, the mark of packets that carry the tunnel, and the first of four rules."""
        return int(self.link["number"])

    @property
    def near(self) -> bool:
        """Whether no tunnel ends here: this machine only has routes to the one beside it."""
        return str(self.link["role"]) == "near"

    @property
    def private_key(self) -> str:
        name = self.link["key"]["secret"]
        if name not in self.secrets:
            raise TroubleError(f"The secret {name} was not given to {self.machine}. Start the driver again.")
        return self.secrets[name].strip()

    @property
    def unit(self) -> str:
        return f"bascule-link-{self.policy}.service"

    @property
    def etc(self) -> str:
        return f"/etc/bascule/{self.policy}"

    @property
    def settings(self) -> str:
        """The file that WireGuard reads; it holds the private key."""
        return f"{self.etc}/link.conf"

    @property
    def kept(self) -> str:
        """The file in which we remember what was here before us."""
        return f"{self.etc}/link.json"

    def known(self) -> dict[str, Any]:
        """`forwards`: it is we who let this machine pass packets on. `lan`: where those for it arrive."""
        return machine_files.read_json(self.kept)

    def did(self, what: str, changed: bool = True) -> bool:
        """Remember that something was changed; gives `changed` back."""
        if changed:
            self.changes.append(what)
        return changed
