# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and access rules: one file of ours in `conf.d`, one marked block of ours in `pg_hba.conf`."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host, pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

# A standby refuses to start when one of these is smaller than at its source (manual, chapter "Hot Standby").
NOT_SMALLER = (
    "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
    "max_locks_per_transaction",
)  # fmt: skip
RECOVERY = ("primary_conninfo", "primary_slot_name", "restore_command", "recovery_target", "recovery_end_command")
HEADER = "# Written by Bascule; replaced at each run. Put your own settings in another file.\n"
BEGIN, END = "# BEGIN bascule {}", "# END bascule {}"


def conf_text(wanted: Mapping[str, str]) -> str:
    """The text of `conf.d/bascule.conf`; values as PostgreSQL quotes them."""
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in sorted(wanted.items())]
    return HEADER + "".join(lines)


def conf_path(cluster: Cluster, name: str = "bascule") -> str:
    """Our file in the folder that `postgresql.conf` includes. Raises PlainError when it includes none."""
    main = pg_host.read(f"{cluster.conf}/postgresql.conf")
    if not re.search(r"(?m)^\s*include_dir\s*=?\s*'(?:[^']*/)?conf\.d/?'", main):
        raise PlainError(
            f"{cluster.conf}/postgresql.conf does not include conf.d. Add the line: include_dir = 'conf.d'"
        )
    return f"{cluster.conf}/conf.d/{name}.conf"


def room_mb(job: Job, cluster: Cluster) -> int:
    """How much log (MiB) may wait for a silent standby: a quarter of what is free when first asked, 1 to 64 GiB."""
    if "wal_room_mb" not in job.state:
        where = Path(cluster.data) if Path(cluster.data).is_dir() else Path("/var/lib")
        free = int(pg_host.must(["df", "-Pm", str(where)], "The free room cannot be read").split("\n")[1].split()[3])
        job.save(wal_room_mb=max(1024, min(65536, free // 4 // 64 * 64)))
    return int(job.state["wal_room_mb"])


def base_settings(job: Job, cluster: Cluster) -> dict[str, str]:
    """What both sides have, so that each can serve and each can follow."""
    wanted = {
        "hot_standby": "on",
        "wal_log_hints": "on",
        "max_slot_wal_keep_size": f"{room_mb(job, cluster)}MB",
        "wal_keep_size": "256MB",
        "wal_retrieve_retry_interval": "1s",
    }
    if job.copies:
        wanted["archive_mode"] = "on"
        wanted["archive_timeout"] = f"{int(job.copies['archive_s'])}s"
    return wanted


def listens(current: str, own: str) -> bool:
    """Whether a value of listen_addresses covers the address `own`."""
    words = {word.strip() for word in current.split(",")}
    return bool(words & {"*", own}) or ("0.0.0.0" in words and ":" not in own) or ("::" in words and ":" in own)


def source_settings(job: Job, cluster: Cluster, now: Mapping[str, Any]) -> dict[str, str]:
    """Settings for the side that serves, given its present ones (`pg_sql.settings`)."""
    wanted = base_settings(job, cluster)
    if now["data_checksums"][0] == "on" and now["wal_log_hints"][0] != "on":
        del wanted["wal_log_hints"]  # checksums serve pg_rewind as well
    if now["wal_level"][0] == "minimal":
        wanted["wal_level"] = "replica"
    for name in ("max_wal_senders", "max_replication_slots"):
        if int(now[name][0]) < 5:
            wanted[name] = "10"
    reached = job.streaming or job.side == "standby"
    here = now["listen_addresses"]
    if reached and (here[3].endswith("/bascule.conf") or not listens(here[0], job.address(job.side))):
        wanted["listen_addresses"] = "*"
    return wanted


def carried(now: Mapping[str, Any]) -> dict[str, str]:
    """What a standby must be told of its source's settings so that it starts."""
    return {name: now[name][0] for name in NOT_SMALLER}


def kept(cluster: Cluster) -> dict[str, str]:
    """Settings in our file that came from the other side and stay: dropping them could ask for a restart."""
    pairs = re.findall(r"(?m)^(\w+) = '([^']*)'$", pg_host.read(conf_path(cluster)))
    return {name: value for name, value in pairs if name in (*NOT_SMALLER, "port", "wal_log_hints")}


def needs_restart(wanted: Mapping[str, str], now: Mapping[str, Any]) -> list[str]:
    """Settings that only a restart can bring, as `name = new (now old)`."""
    return [
        f"{name} = {value} (now {now[name][0]})"
        for name, value in sorted(wanted.items())
        if name in now and now[name][1] == "postmaster" and now[name][0] != value
    ]


def block(name: str, lines: list[str]) -> str:
    return "\n".join([BEGIN.format(name), *lines, END.format(name)]) + "\n"


def without_block(text: str, name: str | None = None) -> str:
    """`text` without our block of that name, or without any block of ours."""
    which = re.escape(name) if name else r"[^\n]*"
    return re.sub(rf"(?ms)^# BEGIN bascule {which}\n.*?^# END bascule {which}\n?", "", text)


def with_block(text: str, name: str, lines: list[str]) -> str:
    """`text` with our block first, since the first line of pg_hba.conf that matches decides."""
    return block(name, lines) + without_block(text, name)


def peer_rules(address: str) -> list[str]:
    """The lines that let the other side's machine, and no other, replicate and rewind."""
    net = ipaddress.ip_network(address)
    return [f"host {what} {pg_sql.ROLE} {net} scram-sha-256" for what in ("replication", "postgres")]


def hold_rules(owner: str, address: str) -> list[str]:
    """The lines of a server that keeps still: its owner locally and our replication, nobody else."""
    refused = [
        f"{kind} all all{where} reject" for kind, where in (("local", ""), ("host", " 0.0.0.0/0"), ("host", " ::/0"))
    ]
    return [f"local all {owner} peer", f"local replication {owner} peer", *peer_rules(address), *refused]


def put_rules(job: Job, cluster: Cluster, text: str) -> bool:
    """Write pg_hba.conf as its owner has it."""
    return job.did("pg_hba.conf", pg_host.write(cluster.hba, text, mode=0o640, owner=cluster.owner))


def ensure_rules(job: Job, cluster: Cluster, base: str | None = None) -> bool:
    """pg_hba.conf = `base` (what the other side has) or the present text, under our block for the other machine."""
    rules = peer_rules(job.address(job.other))
    if base is not None:
        return put_rules(job, cluster, with_block(without_block(base), job.id, rules))
    text = pg_host.read(cluster.hba)
    return block(job.id, rules) not in text and put_rules(job, cluster, with_block(text, job.id, rules))


def clean_auto(job: Job, cluster: Cluster) -> bool:
    """Take recovery settings out of postgresql.auto.conf: it outranks conf.d, and restores bring foreign ones."""
    path = f"{cluster.data}/postgresql.auto.conf"
    lines = pg_host.read(path).splitlines(keepends=True)
    kept = [line for line in lines if not re.match(rf"\s*({'|'.join(RECOVERY)})\w*\s*=", line)]
    if kept == lines:
        return False
    return job.did("postgresql.auto.conf", pg_host.write(path, "".join(kept), mode=0o600, owner=cluster.owner))


def reload(cluster: Cluster) -> None:
    pg_sql.rows(cluster, "select pg_reload_conf()")
