# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest with a configuration of our own, which never reads nor alters the firm's `/etc/pgbackrest.conf`."""

from __future__ import annotations

import json
import math
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, pg_host, pg_link, pg_sql
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

FOLDER = "/etc/pgbackrest/bascule"
COPIES_ROOT = "/var/lib/bascule/copies/"
SPOOL = "/var/spool/pgbackrest"
DAY_S = 86400


def stanza(job: Job) -> str:
    return str((job.copies or {})["stanza"])


def conf(job: Job) -> str:
    """What PostgreSQL on this machine uses: to archive, to fetch log, to restore."""
    return f"{FOLDER}/{stanza(job)}.conf"


def conf_copy(job: Job) -> str:
    """What makes backups on the standby machine while the primary serves: the database is at the other end of SSH."""
    return f"{FOLDER}/{stanza(job)}-copy.conf"


def command(job: Job, *words: str, config: str | None = None) -> list[str]:
    """A pgBackRest command line. A named `--config` keeps the default files and `conf.d` out."""
    return ["pgbackrest", f"--config={config or conf(job)}", f"--stanza={stanza(job)}", *words]


def archive_command(job: Job) -> str:
    return " ".join([*command(job), "archive-push", "%p"])


def restore_command(job: Job, *, ahead: bool = False) -> str:
    """`ahead` fetches log before it is asked for, which halves a long replay."""
    more = ["--archive-async", f"--spool-path={SPOOL}", "--process-max=2"] if ahead else []
    return " ".join([*command(job, *more), "archive-get", "%f", '"%p"'])


def ini(sections: dict[str, dict[str, Any]]) -> str:
    """pgBackRest's configuration format; refuses values that would open another line."""
    lines = ["# Written by Bascule; replaced at each run."]
    for name, options in sections.items():
        lines.append(f"[{name}]")
        for key, item in options.items():
            if "\n" in str(item):
                raise PlainError(f"The value of {key} for pgBackRest holds a line break. Use a secret of one line.")
            lines.append(f"{key}={item}")
    return "\n".join(lines) + "\n"


COMMON = {"log-level-console": "warn", "log-level-file": "off", "log-level-stderr": "off"}


def repository_options(job: Job) -> dict[str, Any]:
    """The repository as the standby machine has it: where, encrypted how, kept how long."""
    copies = job.copies or {}
    options: dict[str, Any] = {
        "repo1-path": copies["repository"],
        "repo1-retention-full-type": "time",
        "repo1-retention-full": max(1, math.ceil(float(copies["keep_s"]) / DAY_S)),
        "start-fast": "y",
        "compress-type": "zst",
        "process-max": 2,
    }
    key = (copies.get("key") or {}).get("secret")
    if key:
        secret = (job.secrets.get(key) or "").strip()
        if not secret:
            raise PlainError(f"The secret {key} for the copies of {job.id} is empty. Put a passphrase into it.")
        options.update({"repo1-cipher-type": "aes-256-cbc", "repo1-cipher-pass": secret})
    return options


def database_options(cluster: Cluster) -> dict[str, Any]:
    return {"pg1-path": cluster.data, "pg1-port": cluster.port, "pg1-socket-path": cluster.sockets}


def write_conf(job: Job, path: str, text: str, cluster: Cluster) -> bool:
    """A configuration that holds a passphrase: root writes it, the cluster's owner reads it."""
    pg_host.folder(FOLDER, mode=0o755)
    return job.did(path, pg_host.write(path, text, mode=0o640, owner="root", group=cluster.owner))


def configure_primary(job: Job, cluster: Cluster) -> None:
    """The primary's side: the repository is at the standby machine, reached over SSH."""
    away = {
        "repo1-host": job.address("standby"),
        "repo1-host-user": str(job.peer.get("owner") or job.state.get("peer_owner") or "postgres"),
        "repo1-host-port": pg_link.port_of(job, "standby"),
        "repo1-host-config": conf(job),
        "cmd-ssh": pg_link.ssh_command(job),
    }
    write_conf(job, conf(job), ini({"global": {**COMMON, **away}, stanza(job): database_options(cluster)}), cluster)


def configure_standby(job: Job, cluster: Cluster) -> None:
    """The standby machine's side: the repository here, its own cluster to restore, the primary's cluster to back up."""
    own, copies = repository_options(job), job.copies or {}
    repository = str(copies["repository"])
    if not repository.startswith(COPIES_ROOT) or ".." in repository:
        raise PlainError(f"The repository of {job.id} is not below {COPIES_ROOT}. Compile the policy again.")
    pg_host.passable(repository)
    # One that came back from the third place is root's until now.
    job.did("repository", machine_files.hand_over(repository, cluster.owner))
    job.did("repository", pg_host.folder(repository, mode=0o750, owner=cluster.owner))
    pg_host.folder(SPOOL, mode=0o750, owner=cluster.owner)
    write_conf(job, conf(job), ini({"global": {**COMMON, **own}, stanza(job): database_options(cluster)}), cluster)
    source = job.peer.get("cluster") or job.state.get("primary_cluster")
    if not source:
        return
    job.save(primary_cluster=source)
    away = {
        "pg1-host": job.address("primary"),
        "pg1-host-user": source["owner"],
        "pg1-host-port": pg_link.port_of(job, "primary"),
        "pg1-host-config": conf(job),
        "pg1-path": source["data"],
        "pg1-port": source["port"],
        "pg1-socket-path": source["sockets"],
        "cmd-ssh": pg_link.ssh_command(job),
    }
    write_conf(job, conf_copy(job), ini({"global": {**COMMON, **own}, stanza(job): away}), cluster)


def info(job: Job, cluster: Cluster) -> dict[str, Any]:
    """What the repository holds of this stanza (`pgbackrest info --output=json`), or nothing when it holds none."""
    done = pg_host.run(command(job, "--output=json", "info"), user=cluster.owner, limit_s=60)
    if done.code != 0:
        raise PlainError(f"The copies of {job.id} cannot be listed: {done.why}. Look at {conf(job)} on {job.machine}.")
    return next((item for item in json.loads(done.out or "[]") if item.get("name") == stanza(job)), {})


def ensure_stanza(job: Job, cluster: Cluster) -> bool:
    """Create the stanza from the repository's machine, or take it over after a new major version."""
    status = (info(job, cluster).get("status") or {}).get("code")
    if status in (0, 2) and (job.state.get("stanza") == stanza(job)):  # 0 ok, 2 no valid backups yet
        return False
    config = conf(job) if job.state.get("serving") == "standby" else conf_copy(job)
    argv = command(job, "stanza-create", config=config)
    pg_host.must(argv, f"The repository of {job.id} could not be prepared", user=cluster.owner, limit_s=120)
    job.save(stanza=stanza(job))
    return job.did("stanza")


def push_now(job: Job, cluster: Cluster, limit_s: float = 60.0) -> None:
    """End the present log segment and wait until it is in the repository. Raises PlainError if not."""
    last = pg_sql.value(cluster, "select pg_walfile_name(pg_switch_wal())")
    sql = f'select last_archived_wal >= {pg_sql.literal(last)} collate "C" from pg_stat_archiver'
    if pg_host.wait_until(lambda: pg_sql.value(cluster, sql) == "t", limit_s, 0.2):
        return
    raise PlainError(
        f"Log of {job.id} does not reach the repository within {limit_s:g} s: segment {last} waits on {job.machine}."
        f" Look at {cluster.log} for archive-push, and at SSH from {job.machine} to {job.address('standby')}."
    )
