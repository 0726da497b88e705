# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PostgreSQL cluster as Debian and Ubuntu keep it: found with `pg_lsclusters`, steered by its own unit."""

from __future__ import annotations

import json
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError

FIRST_USER_OID = 16384  # src/include/access/transam.h: FirstNormalObjectId
WAS_REPLICA = {"in archive recovery", "shut down in recovery"}  # as pg_controldata names the state


@dataclass(frozen=True)
class Cluster:
    """Where a cluster is: `version` 15, `name` main, and what the machine says of its port, folders and owner."""

    version: str
    name: str
    port: int
    owner: str
    data: str
    log: str
    conf: str
    hba: str
    ident: str
    sockets: str

    @property
    def unit(self) -> str:
        return f"postgresql@{self.version}-{self.name}.service"

    @property
    def label(self) -> str:
        return f"{self.version}/{self.name}"

    def program(self, name: str) -> str:
        """The path of a server program of this version, as `pg_rewind`."""
        return f"/usr/lib/postgresql/{self.version}/bin/{name}"


def parse_json(text: str) -> list[Cluster]:
    """Clusters from `pg_lsclusters -j`."""
    found = []
    for row in json.loads(text):
        conf, config = str(row["configdir"]), row.get("config") or {}
        owner = pwd.getpwuid(int(row["owneruid"])).pw_name if row.get("owneruid") is not None else "postgres"
        found.append(
            Cluster(
                version=str(row["version"]),
                name=str(row["cluster"]),
                port=int(row["port"]),
                owner=owner if owner != "root" else "postgres",
                data=str(config.get("data_directory") or row["pgdata"]),
                log=str(row.get("logfile") or ""),
                conf=conf,
                hba=str(config.get("hba_file") or f"{conf}/pg_hba.conf"),
                ident=str(config.get("ident_file") or f"{conf}/pg_ident.conf"),
                sockets=str(row.get("socketdir") or "/var/run/postgresql").split(",")[0].strip(),
            )
        )
    return found


def parse_text(text: str) -> list[Cluster]:
    """Clusters from `pg_lsclusters -h` of versions without `-j`: version, name, port, status, owner, data, log."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 6:
            continue
        version, name, port, _status, owner, data = fields[:6]
        conf = f"/etc/postgresql/{version}/{name}"
        found.append(
            Cluster(
                version, name, int(port), owner if owner != "<unknown>" else "postgres", data,
                fields[6] if len(fields) > 6 else "", conf, f"{conf}/pg_hba.conf", f"{conf}/pg_ident.conf",
                "/var/run/postgresql",
            )
        )  # fmt: skip
    return found


def clusters() -> list[Cluster]:
    """All clusters of this machine. Raises PlainError when PostgreSQL is not installed the Debian way."""
    done = pg_host.run(["pg_lsclusters", "-j"])
    if done.code == 0 and done.out.lstrip().startswith("["):
        return parse_json(done.out)
    if done.code == 127:
        raise PlainError(
            "PostgreSQL is not installed on this machine (pg_lsclusters is missing). Install the package postgresql."
        )
    return parse_text(pg_host.must(["pg_lsclusters", "-h"], "The clusters of this machine cannot be listed"))


def find(label: str) -> Cluster | None:
    """The cluster `VERSION/NAME` of this machine, or None."""
    return next((cluster for cluster in clusters() if cluster.label == label), None)


def create(label: str, port: int | None) -> Cluster:
    """Make an empty cluster that is not started, neither now nor at boot."""
    version, _, name = label.partition("/")
    argv = ["pg_createcluster", "--start-conf", "manual", version, name, *(["-p", str(port)] if port else [])]
    pg_host.must(argv, f"The empty cluster {label} could not be made", limit_s=120)
    made = find(label)
    if made is None:
        raise PlainError(
            f"The cluster {label} was made but pg_lsclusters does not show it. Look at pg_lsclusters on this machine."
        )
    return made


def running(cluster: Cluster) -> bool:
    """Whether the postmaster of this cluster lives, whoever started it."""
    pid = pg_host.read(f"{cluster.data}/postmaster.pid").split("\n", 1)[0].strip()
    if not pid.isdigit() or not Path(f"/proc/{pid}").exists():
        return False
    return "postgres" in pg_host.read(f"/proc/{pid}/comm")


def start(cluster: Cluster) -> None:
    """Ask for the start and return: a standby that lacks log holds `systemctl start` for a minute."""
    pg_host.run(["systemctl", "reset-failed", cluster.unit])
    pg_host.must(["systemctl", "start", "--no-block", cluster.unit], f"{cluster.unit} could not be started")


def stop(cluster: Cluster, limit_s: float = 60.0, *, at_once: bool = False) -> bool:
    """Stop the cluster and wait; `at_once` cuts after `limit_s` seconds (it will recover its log at the next start).

    Returns True when it was running. Raises PlainError when it still runs in the end.
    """
    if not running(cluster):
        pg_host.run(["systemctl", "stop", cluster.unit], limit_s=20)
        return False
    pg_host.must(["systemctl", "stop", "--no-block", cluster.unit], f"{cluster.unit} could not be stopped")
    if not pg_host.wait_until(lambda: not running(cluster), limit_s):
        if not at_once:
            raise PlainError(
                f"{cluster.label} did not stop within {limit_s:g} s. Look at {cluster.log}, then run again."
            )
        pg_host.run(
            [cluster.program("pg_ctl"), "-D", cluster.data, "-m", "immediate", "-t", "20", "stop"],
            user=cluster.owner,
            limit_s=30,
        )
    if not pg_host.wait_until(lambda: not running(cluster), 10):
        raise PlainError(f"{cluster.label} did not stop. Look at {cluster.log}, then run again.")
    settle = ["systemctl", "is-active", cluster.unit]
    pg_host.wait_until(lambda: pg_host.run(settle).out.strip() in {"inactive", "failed"}, 15)
    return True


def at_boot(cluster: Cluster, wanted: bool) -> bool:
    """Whether this cluster starts at boot: `start.conf`, and its own unit where the umbrella is off."""
    path, word = f"{cluster.conf}/start.conf", "auto" if wanted else "manual"
    text = pg_host.read(path)
    fresh = re.sub(r"(?m)^\s*(auto|manual|disabled)\b.*$", word, text) if text.strip() else f"{word}\n"
    changed = pg_host.write(path, fresh, mode=0o644, owner=cluster.owner)
    umbrella = pg_host.run(["systemctl", "is-enabled", "postgresql.service"]).out.strip() == "enabled"
    link = Path(f"/etc/systemd/system/multi-user.target.wants/{cluster.unit}")
    if wanted and not umbrella and not link.is_symlink():
        pg_host.must(["systemctl", "--no-reload", "enable", cluster.unit], f"{cluster.unit} could not be enabled")
        changed = True
    if not wanted and link.is_symlink():
        pg_host.must(["systemctl", "--no-reload", "disable", cluster.unit], f"{cluster.unit} could not be disabled")
        changed = True
    if changed:
        # So that a restart of postgresql.service goes by it too; it takes a second, for which no user need wait.
        pg_host.begin(["systemctl", "daemon-reload"], limit_s=60)
    return changed


def control(cluster: Cluster) -> dict[str, str]:
    """What `pg_controldata` says of the data folder (state, system identifier, timeline), or nothing without data."""
    done = pg_host.run([cluster.program("pg_controldata"), "-D", cluster.data], user=cluster.owner)
    pairs = (line.partition(":")[::2] for line in done.out.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs} if done.code == 0 else {}


def bytes_of(cluster: Cluster) -> int:
    """What the data folder takes on disk."""
    done = pg_host.run(["du", "-s", "-B1", "--", cluster.data], limit_s=600)
    return int((done.out.split() or ["0"])[0])


def never_used(cluster: Cluster) -> bool:
    """True for a data folder in which nobody ever made an object: a fresh cluster, or none at all.

    `initdb` takes object identifiers below 16384; the first thing that a user makes (a role too) takes a larger one.
    """
    facts = control(cluster)
    if not facts:
        return not any(Path(cluster.data).iterdir()) if Path(cluster.data).is_dir() else True
    if int(facts.get("Latest checkpoint's NextOID", "0")) > FIRST_USER_OID:
        return False
    names = (entry.name.split(".")[0].split("_")[0] for entry in Path(cluster.data, "base").glob("**/*"))
    return not any(name.isdigit() and int(name) >= FIRST_USER_OID for name in names)


def log_tail(cluster: Cluster, words: tuple[str, ...] = ("FATAL", "PANIC", "ERROR")) -> str:
    """The last line of the cluster's log that tells of a failure."""
    done = pg_host.run(["tail", "-n", "200", cluster.log]) if cluster.log else None
    told = [line for line in (done.out if done else "").splitlines() if "administrator command" not in line]
    lines = [line for line in told if any(word in line for word in words)]
    return lines[-1][:300] if lines else f"nothing in {cluster.log}"
