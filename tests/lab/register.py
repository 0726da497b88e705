# SPDX-License-Identifier: Apache-2.0
"""What tests ask of the database of the policy `pgtest`, a register, and of its backups."""

from __future__ import annotations

import json
from pathlib import Path

from .cycle import Cycle


def rows(firm: Cycle, side: str) -> set[int]:
    return {int(line) for line in firm.sql("erp-db", side, "erp", "select seq from rows").split()}


def strategy(firm: Cycle, driver: str) -> str:
    """What the module said that it did, from the run's log of evidence."""
    journal = (firm.runs[driver].folder or Path()) / "journal.jsonl"
    return next(name for name in ("promote", "restore") if f'"strategy": "{name}"' in journal.read_text())


def pgbackrest(firm: Cycle, command: str) -> str:
    """What pgBackRest says at the repository's machine."""
    config = "--config=/etc/pgbackrest/bascule/erp-db.conf --stanza=erp-db"
    return firm.rehearsal.on("db2", f"cd /tmp; su postgres -s /bin/sh -c 'pgbackrest {config} {command}'")


def backups(firm: Cycle) -> list[str]:
    """Backups in the repository, oldest first."""
    listed = json.loads(pgbackrest(firm, "info --output=json"))[0]["backup"]
    return [str(entry["label"]) for entry in listed]
