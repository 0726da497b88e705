# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the two machines reach each other: a passfile for replication, an SSH key that can only run pgBackRest."""

from __future__ import annotations

import pwd
import re
import secrets as random
from typing import Any

from ansible_collections.bascule.continuity.plugins.module_utils import pg_host
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

TOOLS = "/usr/local/lib/bascule"
ONLY = f"{TOOLS}/pgbackrest-only"
KEY_SHAPE = re.compile(r"^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+$")

# The other machine's key may start pgBackRest's own remote for one stanza: no shell, no other program or configuration.
ONLY_TEXT = """#!/usr/bin/python3
# Written by Bascule: the one command that a key of the other site may run.
import os, shlex, sys
stanza, allowed = sys.argv[1], sys.argv[2].split(",")
try:
    words = shlex.split(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
except ValueError:
    words = []
folder = "/etc/pgbackrest/bascule/"
options, verbs = words[1:-1], words[-1:]
given = dict(word[2:].partition("=")[::2] for word in options if word.startswith("--"))
fine = (
    words[:1] == ["pgbackrest"]
    and all(word.startswith("--") for word in options)
    and verbs and verbs[0] in {verb + ":remote" for verb in allowed}
    and given.get("stanza") == stanza
    and given.get("config") == folder + stanza + ".conf"
    and not any(name.startswith(("cmd", "config-", "repo1-path", "spool", "lock-path", "log-path")) for name in given)
)
if not fine:
    sys.stderr.write("This key may only run pgBackRest for " + stanza + ".\\n")
    sys.exit(1)
os.execvp("pgbackrest", words)
"""
# What the machine with the repository may ask of a database machine, and the reverse.
VERBS = {
    "to_database": "backup,check,stanza-create,stanza-upgrade",
    "to_repository": "archive-push,archive-get,check,info,restore",
}


def ensure_home(job: Job, cluster: Cluster) -> None:
    pg_host.passable(job.home)
    pg_host.folder(job.home, mode=0o700, owner=cluster.owner)


def ensure_password(job: Job) -> str:
    """The replication password: the one given, else the one kept here, else a new one."""
    password = str(job.password or job.state.get("password") or random.token_urlsafe(32))
    if job.state.get("password") != password:
        job.save(password=password)
    return password


def ensure_passfile(job: Job, cluster: Cluster, password: str) -> str:
    """The libpq password file for the other machine, readable by the cluster's owner alone."""
    ensure_home(job, cluster)
    path = f"{job.home}/passfile"
    address = job.address(job.other).replace("\\", "\\\\").replace(":", "\\:")
    text = f"{address}:*:*:bascule_replication:{password}\n"
    job.did("passfile", pg_host.write(path, text, mode=0o600, owner=cluster.owner))
    return path


def conninfo(job: Job, port: int, **more: str) -> str:
    """How this machine reaches the other cluster; the password is in the passfile."""
    pairs = {
        "host": job.address(job.other),
        "port": str(port),
        "user": "bascule_replication",
        "passfile": f"{job.home}/passfile",
        "application_name": job.slot,
        "connect_timeout": "5",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        **more,
    }
    return " ".join(f"{name}={text}" for name, text in pairs.items())


def known_hosts(job: Job) -> str:
    lines = job.options.get("known_hosts_lines") or []
    if isinstance(lines, str):
        lines = lines.splitlines()
    return "".join(f"{str(line).strip()}\n" for line in lines if str(line).strip())


def ensure_key(job: Job, cluster: Cluster) -> str:
    """The SSH key of this machine for pgBackRest, and how it is used; returns its public half."""
    ensure_home(job, cluster)
    key = f"{job.home}/id_ed25519"
    if not pg_host.read(f"{key}.pub").strip():
        comment = f"bascule:{job.policy}:{job.id}"
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key]
        pg_host.must(argv, "The SSH key for pgBackRest could not be made", user=cluster.owner)
        job.did("SSH key")
    hosts = known_hosts(job)
    if hosts:
        job.did("known_hosts", pg_host.write(f"{job.home}/known_hosts", hosts, mode=0o644, owner=cluster.owner))
    config = (
        f"IdentityFile {key}\nIdentitiesOnly yes\nUserKnownHostsFile {job.home}/known_hosts\n"
        "GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\nCheckHostIP no\nBatchMode yes\nConnectTimeout 5\n"
        "ServerAliveInterval 5\nServerAliveCountMax 3\nControlMaster no\n"
    )
    job.did("ssh_config", pg_host.write(f"{job.home}/ssh_config", config, mode=0o644, owner=cluster.owner))
    wrapper = f'#!/bin/sh\nexec ssh -F {job.home}/ssh_config "$@"\n'
    job.did("SSH command", pg_host.write(ssh_command(job), wrapper, mode=0o755))
    return pg_host.read(f"{key}.pub").strip()


def ssh_command(job: Job) -> str:
    return f"{TOOLS}/ssh-{job.policy}-{job.id}"


def authorized_path(cluster: Cluster) -> str:
    return f"{pwd.getpwnam(cluster.owner).pw_dir}/.ssh/authorized_keys"


def authorized_text(text: str, line: str, mark: str) -> str:
    """`text` with the one line that ends with `mark` being `line`, or without it when `line` is empty."""
    kept = [old for old in text.splitlines() if not old.endswith(f" {mark}")]
    return "".join(f"{item}\n" for item in [*kept, *([line] if line else [])])


def authorize(job: Job, cluster: Cluster, public: str, stanza: str) -> bool:
    """Let the other machine's key in, from its address, for pgBackRest's remote only; an empty key shuts it out."""
    mark, path = f"bascule:{job.policy}:{job.id}", authorized_path(cluster)
    line = ""
    if public:
        bare = " ".join(public.split()[:2])
        if not KEY_SHAPE.match(bare):
            raise PlainError(f"The other side's SSH key for {job.id} is not a public key. Run dr-build.yml again.")
        verbs = VERBS["to_repository" if job.side == "standby" else "to_database"]
        limits = f'restrict,from="{job.address(job.other)}",command="{ONLY} {stanza} {verbs}"'
        line = f"{limits} {bare} {mark}"
        pg_host.write(ONLY, ONLY_TEXT, mode=0o755)
        pg_host.folder(path.rsplit("/", 1)[0], mode=0o700, owner=cluster.owner)
    text = pg_host.read(path)
    fresh = authorized_text(text, line, mark)
    if fresh == text:
        return False
    return job.did("authorized_keys", pg_host.write(path, fresh, mode=0o600, owner=cluster.owner))


def port_of(job: Job, side: str) -> int:
    """The SSH port of a side's machine, which the step file takes from the inventory."""
    ports: dict[str, Any] = job.options.get("ssh_ports") or {}
    return int(ports.get(side) or 22)
