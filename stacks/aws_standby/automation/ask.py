# SPDX-License-Identifier: Apache-2.0
"""What the bridge is asked for: one line of JSON, as a frozen thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ask:
    """A request. ``folder`` is the compiled folder: the program is in its ``stack``, what is kept in its ``outputs``.

    ``config`` is what the program reads, by full key; ``facts`` is what asking the account needs. ``fall``: an
    activated site may go back; ``go_on``: what does not need a thing that failed is made; ``refresh``: the cloud is
    asked first whether what the state knows is still there.
    """

    do: str
    folder: Path
    policy: str
    stack: str = "standby"
    state: str = ""
    run: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    fall: bool = False
    go_on: bool = False
    refresh: bool = False

    @property
    def program(self) -> Path:
        """The folder of the program."""
        return self.folder / "stack"

    @property
    def kept(self) -> Path:
        """The folder of what is kept from run to run."""
        return self.folder / "outputs"


def read(data: Mapping[str, Any]) -> Ask:
    """Given a decoded request, return it. Raise TypeError or KeyError for another shape."""
    return Ask(**{**data, "folder": Path(data["folder"])})
