# SPDX-License-Identifier: Apache-2.0
"""A cluster that was stopped for the other side, which did not take over: when it may serve again, and when not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import pg_cluster, pg_demote, pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

SYSTEM = {"id": "loans-db", "machines": {"primary": "db1", "standby": "db2"}}
GOES_ON = {"driver": "failback", "serves_now": "primary"}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    at = str(tmp_path)
    return Cluster("15", "main", 5432, "postgres", at, f"{at}/log", at, f"{at}/hba", f"{at}/ident", at)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The clusters that were started; each is writable then."""
    labels: list[str] = []
    monkeypatch.setattr(pg_cluster, "start", lambda one: labels.append(one.label))
    monkeypatch.setattr(pg_demote, "unhold", lambda _job, _cluster: False)
    monkeypatch.setattr(pg_sql, "role_of", lambda _cluster: "writable" if labels else "down")
    return labels


def job(run: dict[str, Any], serving: str | None) -> Job:
    return Job("recover", SYSTEM, "primary", "primary", "lending", run=run, state={"serving": serving})


def test_it_goes_on(cluster: Cluster, started: list[str]) -> None:
    stopped = job(GOES_ON, "standby")
    assert pg_demote.goes_on(stopped, cluster)
    assert (started, stopped.changes) == (["15/main"], ["started again"])


@pytest.mark.parametrize(
    ("run", "serving", "signal"),
    [
        ({**GOES_ON, "serves_now": "standby"}, "standby", False),
        ({**GOES_ON, "driver": "activate"}, "standby", False),
        (GOES_ON, None, False),
        (GOES_ON, "primary", False),
        (GOES_ON, "standby", True),
    ],
    ids=["the other side took over", "no return", "replaced", "not stopped by a run", "a copy"],
)
def test_it_stays_down(
    cluster: Cluster, started: list[str], run: dict[str, Any], serving: str | None, signal: bool
) -> None:
    if signal:
        Path(cluster.data, "standby.signal").touch()
    assert not pg_demote.goes_on(job(run, serving), cluster)
    assert started == []
