# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL on a local cluster, as its owner over its socket; by standard input, so no secret shows in a process list."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

ROLE = "bascule_replication"
DATABASE = "bascule"
FIELD = "\x1f"
SCRAM_ROUNDS = 4096  # what PostgreSQL itself uses

HEARTBEAT_TABLE = """
create table if not exists heartbeat (system text primary key, at timestamptz not null);
"""

# pg_rewind reads the source's files through these (PostgreSQL manual, pg_rewind, "Notes").
REWIND_GRANTS = f"""
grant execute on function pg_catalog.pg_ls_dir(text, boolean, boolean) to {ROLE};
grant execute on function pg_catalog.pg_stat_file(text, boolean) to {ROLE};
grant execute on function pg_catalog.pg_read_binary_file(text) to {ROLE};
grant execute on function pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) to {ROLE};
"""


def literal(text: str) -> str:
    """`text` as an SQL string constant."""
    if "\x00" in text:
        raise PlainError("A text with a zero byte cannot go into the database.")
    return (
        "'" + text.replace("'", "''") + "'"
        if "\\" not in text
        else " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    )


def psql(cluster: Cluster) -> str:
    """The program itself: Debian's `psql` is a Perl program that looks for it, longer than most questions take."""
    own = cluster.program("psql")
    return own if os.path.exists(own) else "psql"


def checkpoint_beside(cluster: Cluster) -> None:
    """Begin a checkpoint that nobody waits for: a stop that follows has less to write."""
    where = ["-h", cluster.sockets, "-p", str(cluster.port), "-d", "postgres"]
    pg_host.begin([psql(cluster), "-Xq", *where, "-c", "checkpoint"], limit_s=600, user=cluster.owner)


def ask(cluster: Cluster, sql: str, database: str = "postgres", limit_s: float = 30.0) -> pg_host.Done:
    """Run statements in one psql; stops at the first error."""
    where = ["-p", str(cluster.port), "-d", database]
    argv = [psql(cluster), "-XqAt", "-F", FIELD, "-v", "ON_ERROR_STOP=1", "-f", "-", *where]
    env = {"PGHOST": cluster.sockets, "PGCONNECT_TIMEOUT": "5", "PGAPPNAME": "bascule", "PGCLIENTENCODING": "UTF8"}
    return pg_host.run(argv, user=cluster.owner, stdin=sql, limit_s=limit_s, env=env)


def rows(cluster: Cluster, sql: str, database: str = "postgres", limit_s: float = 30.0) -> list[list[str]]:
    """The rows that the statements give, as texts. Raises PlainError when the database refuses."""
    done = ask(cluster, sql, database, limit_s)
    if done.code != 0:
        raise PlainError(
            f"The database {cluster.label} refused a statement of Bascule: {done.why}. Look at {cluster.log}."
        )
    return [line.split(FIELD) for line in done.out.split("\n") if line]


def value(cluster: Cluster, sql: str, database: str = "postgres", limit_s: float = 30.0) -> str:
    """The first field of the first row, or an empty text."""
    found = rows(cluster, sql, database, limit_s)
    return found[0][0] if found else ""


def answers(cluster: Cluster) -> bool:
    """Whether the cluster answers a query now."""
    return ask(cluster, "select 1", limit_s=10).code == 0


def role_of(cluster: Cluster) -> str:
    """`writable`, `replica` or `down`: what the cluster is at this moment."""
    done = ask(cluster, "select pg_is_in_recovery()", limit_s=10)
    return {"f": "writable", "t": "replica"}.get(done.out.strip(), "down") if done.code == 0 else "down"


def settings(cluster: Cluster) -> dict[str, tuple[str, str, str, str]]:
    """Every setting: value in its unit, context (what a change needs), unit, file it comes from."""
    sql = "select name, setting, context, coalesce(unit, ''), coalesce(sourcefile, '') from pg_settings"
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows(cluster, sql) if len(row) == 5}


def scram(password: str, salt: bytes | None = None) -> str:
    """The SCRAM-SHA-256 verifier that PostgreSQL stores (RFC 5803), so that no log line ever holds the password."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ROUNDS)
    client = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    parts = [base64.b64encode(part).decode() for part in (salt, client, server)]
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{parts[0]}${parts[1]}:{parts[2]}"


def verifies(password: str, verifier: str) -> bool:
    """Whether a stored verifier is that of `password`."""
    if not verifier.startswith(f"SCRAM-SHA-256${SCRAM_ROUNDS}:"):
        return False
    salt = verifier.split(":")[1].split("$")[0]
    return hmac.compare_digest(scram(password, base64.b64decode(salt)), verifier)


def ensure_role(cluster: Cluster, password: str) -> bool:
    """The role that standbys log in with: replication, and reading files for pg_rewind; True when anything changed."""
    now = rows(
        cluster,
        "select a.rolpassword, a.rolreplication and a.rolcanlogin,"
        " has_function_privilege(a.oid, 'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)', 'execute')"
        f" from pg_authid a where a.rolname = {literal(ROLE)}",
    )
    if now and verifies(password, now[0][0]) and now[0][1:] == ["t", "t"]:
        return False
    verb = "alter" if now else "create"
    rows(cluster, f"{verb} role {ROLE} login replication password {literal(scram(password))};{REWIND_GRANTS}")
    return True


def history(cluster: Cluster, timeline: str) -> str:
    """The history file of a timeline (eight hexadecimal digits): which one was left where; the first has none."""
    path = literal(f"pg_wal/{timeline}.history")
    done = ask(cluster, f"select coalesce(pg_read_file({path}, 0, 1000000, true), '')", limit_s=15)
    return done.out if done.code == 0 else ""


def ensure_heartbeat(cluster: Cluster) -> bool:
    """The small database that heartbeats are written to; True when it had to be made."""
    if value(cluster, f"select 1 from pg_database where datname = {literal(DATABASE)}"):
        if value(cluster, "select to_regclass('heartbeat') is not null", DATABASE) == "t":
            return False
    else:
        rows(cluster, f"create database {DATABASE} template template0")
    rows(cluster, HEARTBEAT_TABLE, DATABASE)
    return True


def heartbeat_at(cluster: Cluster, system: str) -> float | None:
    """When the newest heartbeat of `system` was written, epoch seconds; None when there is none."""
    sql = f"select extract(epoch from at) from heartbeat where system = {literal(system)}"
    done = ask(cluster, sql, DATABASE, limit_s=15)
    text = done.out.strip()
    return float(text) if done.code == 0 and text else None


def ensure_slot(cluster: Cluster, slot: str) -> bool:
    """A physical slot that keeps the log from now on (`true` reserves at once, else pg_rewind may lack it)."""
    state = value(
        cluster, f"select coalesce(wal_status, 'none') from pg_replication_slots where slot_name = {literal(slot)}"
    )
    if state == "lost":
        rows(cluster, f"select pg_drop_replication_slot({literal(slot)})")
    elif state:
        return False
    rows(cluster, f"select pg_create_physical_replication_slot({literal(slot)}, true)")
    return True


def drop_idle_slot(cluster: Cluster, slot: str) -> None:
    """On a copy: a slot from the time when it served would keep log that nobody fetches."""
    sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active and slot_name = "
    rows(cluster, sql + literal(slot))


def replication(cluster: Cluster) -> dict[str, Any]:
    """As a source: the state of our standby in pg_stat_replication and how many bytes it lacks; empty when absent."""
    found = rows(
        cluster,
        "select state, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint, -1) from pg_stat_replication"
        f" where usename = {literal(ROLE)} and application_name <> 'pg_basebackup' order by 2 limit 1",
    )
    return {"state": found[0][0], "behind_bytes": int(found[0][1])} if found else {}
