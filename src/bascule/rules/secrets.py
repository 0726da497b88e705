# SPDX-License-Identifier: Apache-2.0
"""Secrets that are declared are used, and the key for machines is a file, since SSH reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.diagnostics import Diagnostic
from bascule.policy import Policy
from bascule.rules.references import references


def used(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC306 for each secret that nothing uses."""
    wanted = {reference.id for reference in references(policy) if reference.kind == "secret"}
    for id_ in policy.secrets:
        if id_ not in wanted:
            what = f"nothing uses the secret `{id_}`"
            fix = "Remove it; a run would ask for it in vain."
            yield policy.source.finding("BC306", ("secrets", id_), what, fix, key=True, severity="warning")


def connection_key(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC307 for each secret that opens machines and is not a file."""
    keys = [policy.connection.key, *(machine.connection.key for machine in policy.machines.values())]
    for id_ in dict.fromkeys(keys):
        secret = policy.secrets[id_]
        if secret.kind != "file":
            what = f"the key for machines must be a file, and `{id_}` is in `{secret.kind}`"
            fix = f"Write `{id_}: {{file: ~/.ssh/bascule}}`; SSH reads its key from a file."
            yield policy.source.finding("BC307", ("secrets", id_), what, fix, key=True)
