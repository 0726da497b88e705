# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a PostgreSQL cluster, of one that runs and of one that does not: see `bascule_runtime.drift.postgresql`."""

from __future__ import annotations

import glob
import json
import os
import re
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_certificates,
    facts_host,
    pg_host,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_cluster import Cluster
from ansible_collections.bascule.continuity.plugins.module_utils.pg_conf import NOT_SMALLER
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

DATABASES = """select json_object_agg(datname, json_build_object('collate', datcollate, 'ctype', datctype,
 'provider', coalesce(to_jsonb(d)->>'datlocprovider', 'c'), 'recorded', to_jsonb(d)->>'datcollversion'))
 from pg_database d where datallowconn and not datistemplate"""
ACTUAL = """select json_object_agg(datname, pg_database_collation_actual_version(oid))
 from pg_database where datallowconn and not datistemplate"""
EXTENSIONS = "select coalesce(json_object_agg(extname, extversion), '{}') from pg_extension"
# Those that something depends on; the others of pg_collation are only offered.
COLLATIONS = """select coalesce(json_agg(json_build_object('name', c.collname, 'provider', c.collprovider,
 'recorded', c.collversion, 'actual', pg_collation_actual_version(c.oid))), '[]') from pg_collation c
 where c.collversion is not null and exists (select 1 from pg_depend d where d.refclassid = 'pg_collation'::regclass
 and d.refobjid = c.oid)"""
TABLESPACES = """select coalesce(json_agg(pg_tablespace_location(oid)), '[]') from pg_tablespace
 where pg_tablespace_location(oid) <> ''"""
ROLES = """select coalesce(json_object_agg(rolname, extract(epoch from rolvaliduntil)), '{}') from pg_roles
 where rolcanlogin and rolvaliduntil < 'infinity'"""
SIZE = "select sum(pg_database_size(oid)) from pg_database"


def collect(job: Job, cluster: Cluster | None, role: str, other: Mapping[str, Any]) -> dict[str, Any]:
    """The section `postgresql` of this side; `other`: facts of the other side."""
    wanted = other.get("postgresql") or {}
    version = job.label.partition("/")[0]
    facts: dict[str, Any] = {"server": programs(version), "role": role, **libraries_of_host()}
    if cluster is None or facts["server"] is None:
        return {**facts, "server": None}
    facts.update(configured=configured(cluster, NOT_SMALLER), available=available(version), locales=locales())
    facts["preload"] = words(configured(cluster, ["shared_preload_libraries"]).get("shared_preload_libraries", ""))
    facts["libraries"] = {name: library(version, name) for name in {*facts["preload"], *(wanted.get("preload") or [])}}
    facts["folders"] = facts_host.present(wanted.get("tablespaces") or [])
    if role != "down":
        facts.update(running(cluster))
    return facts


def programs(version: str) -> str | None:
    """The version of the server's programs, or None when they are not installed."""
    done = pg_host.run([f"/usr/lib/postgresql/{version}/bin/postgres", "--version"])
    found = re.search(r"\) (\d+(?:\.\d+)?)", done.out)
    return found.group(1) if found else None


def libraries_of_host() -> dict[str, str | None]:
    """What texts are sorted by on this machine: the C library's version, and ICU's."""
    said = pg_host.run(["getconf", "GNU_LIBC_VERSION"]).out.split()
    icu = sorted(re.findall(r"libicui18n\.so\.(\d+)", " ".join(glob.glob("/usr/lib/*/libicui18n.so.*"))), key=int)
    return {"glibc": said[-1] if said else None, "icu": icu[-1] if icu else None}


def configured(cluster: Cluster, names: Any) -> dict[str, str]:
    """What the next start of the cluster would take, whether it runs or not."""
    found = {}
    for name in names:
        argv = [cluster.program("postgres"), "-D", cluster.conf, "-C", name]
        found[name] = pg_host.must(argv, f"{name} of {cluster.label} cannot be read", user=cluster.owner).strip()
    return found


def words(text: str) -> list[str]:
    """A setting that is a list of libraries."""
    return [os.path.basename(word.strip().strip('"')) for word in text.split(",") if word.strip()]


def library(version: str, name: str) -> bool:
    """Whether the file of a library of the server is there."""
    return os.path.exists(f"/usr/lib/postgresql/{version}/lib/{name}.so")


def available(version: str) -> dict[str, str]:
    """Extensions that can be used here, with the version that their packages bring."""
    found = {}
    for path in glob.glob(f"/usr/share/postgresql/{version}/extension/*.control"):
        told = re.search(r"(?m)^\s*default_version\s*=\s*'([^']*)'", pg_host.read(path))
        if told:
            found[os.path.basename(path)[: -len(".control")]] = told.group(1)
    return found


def locales() -> list[str] | None:
    """Locales of the C library, or None where they cannot be listed."""
    done = pg_host.run(["locale", "-a"])
    return sorted(done.out.split()) if done.code == 0 else None


def running(cluster: Cluster) -> dict[str, Any]:
    """What only a cluster that answers can tell."""
    now = pg_sql.settings(cluster)
    databases: dict[str, Any] = json.loads(pg_sql.value(cluster, DATABASES) or "{}")
    known = int(now["server_version_num"][0]) >= 150000
    actual: dict[str, Any] = json.loads(pg_sql.value(cluster, ACTUAL) or "{}") if known else {}
    facts: dict[str, Any] = {
        "settings": {name: now[name][0] for name in NOT_SMALLER}, "databases": databases,
        "extensions": {name: json.loads(pg_sql.value(cluster, EXTENSIONS, name)) for name in databases},
        "tablespaces": json.loads(pg_sql.value(cluster, TABLESPACES)),
        "roles": json.loads(pg_sql.value(cluster, ROLES)), "collations": [], "sorts": {},
    }  # fmt: skip
    for name, entry in databases.items():
        add(facts, f"database {name}", {**entry, "name": entry["collate"], "actual": actual.get(name)}, name)
        for collation in json.loads(pg_sql.value(cluster, COLLATIONS, name)):
            add(facts, f"collation {name}/{collation['name']}", collation, name)
    return facts


def add(facts: dict[str, Any], key: str, entry: Mapping[str, Any], database: str) -> None:
    """Note by what something is sorted: what the data say, and what this machine would do."""
    if entry.get("actual"):
        facts["sorts"][key] = entry["actual"]
    if entry.get("recorded"):
        facts["collations"].append({"key": key, "databases": [database], **{
            word: entry.get(word) for word in ("name", "provider", "recorded", "actual")}})  # fmt: skip


def room(job: Job, cluster: Cluster | None, role: str) -> dict[str, Any]:
    """How large the data are, and what room there is for them."""
    data = cluster.data if cluster else f"/var/lib/postgresql/{job.label}"
    facts = {**facts_host.space(data), "live": role == "replica", "replaced": 0}
    if cluster and role != "down":
        facts["bytes"] = int(pg_sql.value(cluster, SIZE) or 0)
    if cluster and role == "down" and Path(data).is_dir():
        # A restore overwrites what lies there.
        facts["replaced"] = sum(path.lstat().st_size for path in Path(data, "base").rglob("*") if path.is_file())
    return facts


def certificates(cluster: Cluster | None, other: Mapping[str, Any]) -> dict[str, Any] | None:
    """The certificate that the server would show, where it would show one; without it the server does not start."""
    if cluster is None:
        return None
    told = configured(cluster, ["ssl", "ssl_cert_file"])
    if told["ssl"] != "on":
        return {}
    path = os.path.join(cluster.data, told["ssl_cert_file"])
    return facts_certificates.files([path], [], [])
