# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a service: its units with what they start, the packages they come from, and its configuration."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any, Iterable, Mapping

from ansible_collections.bascule.continuity.plugins.module_utils import facts_host, files_tree, machine_run

PROPERTIES = "LoadState,FragmentPath,DropInPaths,User,Group,DynamicUser,EnvironmentFiles,ExecStart,ExecStartPre"
ARGUMENTS = re.compile(r"argv\[\]=([^;]*)")
ABSOLUTE = re.compile(r"/[^\s\"';,()=]+")
LARGEST, MOST = 1 << 18, 400


def shown(unit: str) -> dict[str, str]:
    """What systemd knows of a unit; programs of several lines are joined."""
    found: dict[str, str] = {}
    text = machine_run.must(["systemctl", "show", "--property", PROPERTIES, "--", unit], f"{unit} cannot be read")
    for line in text.splitlines():
        name, _, value = line.partition("=")
        found[name] = f"{found.get(name, '')} {value}".strip()
    return found


def unit_files(facts: Mapping[str, str]) -> list[str]:
    """The files that a unit is written in, without ours."""
    paths = [facts.get("FragmentPath", ""), *facts.get("DropInPaths", "").split()]
    return [path for path in paths if path and "bascule" not in os.path.basename(path)]


def started(facts: Mapping[str, str]) -> list[str]:
    """Files that a unit starts, gives to what it starts, or reads its environment from."""
    told = [*ARGUMENTS.findall(f"{facts.get('ExecStart', '')} {facts.get('ExecStartPre', '')}"),
            facts.get("EnvironmentFiles", "")]  # fmt: skip
    return sorted({path for text in told for path in ABSOLUTE.findall(text)})


def digest(path: str) -> str | None:
    """A short digest of a file, or of the files of a folder; None when it is not there."""
    if os.path.isdir(path):
        return str(files_tree.digest(path)["sha256"])[:16]
    return files_tree.content(path)[:16] if os.path.isfile(path) else None


def units(names: Iterable[str], other: Mapping[str, Any]) -> dict[str, Any]:
    """Units, the programs that no package brings, the users."""
    told: dict[str, Any] = {"units": {}, "programs": {}, "users": {}}
    paths: set[str] = set((other.get("units") or {}).get("programs") or {})
    for name in names:
        facts = shown(name)
        whole = hashlib.sha256("".join(digest(path) or "" for path in unit_files(facts)).encode()).hexdigest()
        told["units"][name] = {"there": facts.get("LoadState") in ("loaded", "masked"), "digest": whole[:16]}
        paths.update(path for path in started(facts) if os.path.isfile(path) and not path.startswith("/etc/"))
        account = facts.get("User") if facts.get("DynamicUser") != "yes" else ""
        if account and not account.isdigit():
            told["users"][account] = facts_host.user(account) is not None
    of_packages = owned(paths)
    told["programs"] = {path: digest(path) for path in sorted(paths) if path not in of_packages}
    return told


def owned(paths: Iterable[str]) -> dict[str, list[str]]:
    """Of `paths`, those that Debian packages brought, each with its packages; empty where there is no dpkg."""
    spelt = {variant: path for path in paths
             for variant in (path, os.path.realpath(path), f"/usr{path}", path.removeprefix("/usr"))}  # fmt: skip
    if not spelt or machine_run.missing_tools([("dpkg-query", "dpkg")]):
        return {}
    found: dict[str, list[str]] = {}
    for line in machine_run.run(["dpkg-query", "--search", *sorted(spelt)], limit_s=30).out.splitlines():
        names, _, path = line.partition(": ")
        if path in spelt and not names.startswith("diversion"):
            found.setdefault(spelt[path], []).extend(name.strip() for name in names.split(","))
    return found


def packages(names: Iterable[str], declared: Iterable[str], other: Mapping[str, Any]) -> dict[str, str | None]:
    """Versions of the packages of units and of those that the policy or the other side names; None: not installed."""
    files = [path for name in names for facts in [shown(name)] for path in (*unit_files(facts), *started(facts))]
    wanted = {name.partition(":")[0] for found in owned(files).values() for name in found}
    wanted |= {*declared, *(other.get("packages") or {})}
    return versions(sorted(wanted))


def versions(names: list[str]) -> dict[str, str | None]:
    """The installed version of each package, or None."""
    if not names or machine_run.missing_tools([("dpkg-query", "dpkg")]):
        return {}
    form = "${Package} ${db:Status-Abbrev} ${Version}\\n"
    lines = machine_run.run(["dpkg-query", "--show", "--showformat", form, *names], limit_s=30).out.splitlines()
    rows = [line.split() for line in lines]
    return {**dict.fromkeys(names), **{row[0]: row[2] for row in rows if len(row) == 3 and row[1].startswith("ii")}}


def conffiles(installed: Iterable[str]) -> list[str]:
    """Configuration files that packages brought."""
    wanted = sorted(installed)
    if not wanted or machine_run.missing_tools([("dpkg-query", "dpkg")]):
        return []
    told = machine_run.run(["dpkg-query", "--show", "--showformat", "${Conffiles}\\n", *wanted], limit_s=30).out
    return sorted({line.split()[0] for line in told.splitlines() if line.startswith(" /")})


def places(names: Iterable[str], declared: Iterable[str], brought: Iterable[str]) -> list[str]:
    """Files in which the configuration of a service stands: declared, named by its units, or beside its packages'."""
    roots = {*declared, *(f"/etc/{path.split('/')[2]}" for path in brought if path.count("/") > 2
                          and path.split("/")[2] not in ("default", "init.d", "logrotate.d", "cron.d", "apparmor.d"))}
    roots |= {path for name in names for path in started(shown(name)) if path.startswith("/etc/")}
    files: list[str] = []
    for root in sorted(roots):
        inside = [entry for entry, _status in files_tree.entries(root)] if os.path.exists(root) else []
        files += [path for path in inside if os.path.isfile(path) and os.path.getsize(path) < LARGEST]
    return sorted(set(files))[:MOST]


def mentions(files: Iterable[str], machines: Mapping[str, str]) -> dict[str, list[str]]:
    """Files in which addresses of `machines` (name: address) stand, with the machines' names."""
    found: dict[str, list[str]] = {}
    for path in files:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = [line for line in stream if not line.lstrip().startswith(("#", ";"))]
        text = "".join(lines)
        named = [name for name, address in sorted(machines.items())
                 if re.search(rf"(?<![\w.:]){re.escape(address)}(?![\w.])", text)]  # fmt: skip
        if named:
            found[path] = named
    return found
