# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step `compare`: a digest of every table of every database, the same for the same rows in any order."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# The text of a row must not depend on the settings of a server or a role.
SESSION = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set extra_float_digits = 3;"
    " set bytea_output = 'hex'; set statement_timeout = 0; set lock_timeout = 0; set row_security = off;"
    " set search_path = pg_catalog;\n"
)
SCHEMA = """select md5(coalesce(string_agg(line, E'\\n' order by line collate "C"), '')) from (
 select format('%I.%I %s %I %s %s', n.nspname, c.relname, c.relkind, a.attname,
  format_type(a.atttypid, a.atttypmod), a.attnotnull) as line
 from pg_class c join pg_namespace n on n.oid = c.relnamespace
 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not a.attisdropped) as described"""
# For each table its question, which psql asks at once: a name, a number of rows, a hash. A sum does not know an order;
# numeric does not overflow. A sequence is logged up to 32 values ahead, and a live copy stands where the log does:
# after those fetched.
TABLES = """select case when relkind = 'S' then format('select %L, 1, hashtextextended((last_value'
  ' + log_cnt::numeric * (select seqincrement from pg_sequence where seqrelid = %L::regclass))::text'
  ' || is_called::text, 0) from %s', name, name, name)
 else format('select %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from only %s t', name, name)
 end from (select format('%I.%I', n.nspname, c.relname) as name, c.relkind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm', 'S') and c.relpersistence = 'p'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (c.relkind <> 'm' or c.relispopulated)) as found order by name
\\gexec
"""
TRIES = 3  # a live copy may cancel a long query in favour of replay


def compare(job: Job, known: Cluster | None = None) -> dict[str, Any]:
    """Digest this side; with the other side's digests in `peer`, fail and name what differs."""
    cluster = known or job.cluster()
    if pg_sql.role_of(cluster) == "down":
        raise PlainError(f"The cluster {cluster.label} on {job.machine} does not run, so it cannot be compared.")
    mine = facts(job, cluster)
    tables = mine["tables"]
    digest = {name: summary(found) for name, found in sorted(tables.items())}
    theirs = job.peer.get("tables")
    if theirs is not None:
        refuse_difference(job, tables, theirs)
    whole = hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()
    evidence = {
        "digest": {"all": f"sha256:{whole}", "databases": digest},
        "equal": True if theirs is not None else None,
    }
    return {
        "word": "data_correct" if theirs is not None else "done",
        "facts": mine,
        "evidence": {**evidence, "durations_s": job.durations},
    }


def facts(job: Job, cluster: Cluster) -> dict[str, Any]:
    """What the other side needs in order to compare itself with this one: `tables` by database, and `machine`."""
    with job.timed("digest"):
        tables = {name: digests(job, cluster, name) for name in databases(cluster)}
    return {"tables": tables, "machine": job.machine}


def databases(cluster: Cluster) -> list[str]:
    sql = "select datname from pg_database where datallowconn and not datistemplate order by 1"
    return [row[0] for row in pg_sql.rows(cluster, sql)]


def digests(job: Job, cluster: Cluster, database: str) -> dict[str, list[str]]:
    """For each table `schema.name` of a database: number of rows and hash; and the hash of all definitions."""
    # In one call: users wait for it, and each call is a program and a connection of its own.
    for attempt in range(1, TRIES + 1):
        done = pg_sql.ask(cluster, f"{SESSION}{SCHEMA};\n{TABLES}", database, job.limit("compare_s", 21600))
        if done.code == 0:
            break
        if "conflict with recovery" not in done.err or attempt == TRIES:
            raise PlainError(f"The database {database} on {job.machine} could not be read for comparing: {done.why}.")
    (shape,), *found = (line.split(pg_sql.FIELD) for line in done.out.splitlines() if line)
    return {**{row[0]: row[1:] for row in found}, "(definitions)": [str(len(found)), shape]}


def summary(tables: Mapping[str, list[str]]) -> dict[str, Any]:
    """One line for a database: how many tables and rows, and one hash."""
    rows = sum(int(found[0]) for name, found in tables.items() if name != "(definitions)")
    whole = hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()
    return {"tables": len(tables) - 1, "rows": rows, "hash": whole[:16]}


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """What is not the same, as `database` or `database: table`; each argument maps databases to tables to digests."""
    found = []
    for database in sorted(set(mine) | set(theirs)):
        if database not in mine or database not in theirs:
            found.append(f"{database} (on one side only)")
            continue
        one, two = mine[database], theirs[database]
        found += [f"{database}: {name}" for name in sorted(set(one) | set(two)) if one.get(name) != two.get(name)]
    return found


def refuse_difference(job: Job, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    found = differences(mine, theirs)
    if not found:
        return
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise PlainError(
        f"The data of {job.id} differ between {job.peer.get('machine')} and {job.machine}: {', '.join(found[:5])}{more}"
        ". Nothing was let go. Find out which side is right, then run dr-failback.yml again."
    )
