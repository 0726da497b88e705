# SPDX-License-Identifier: Apache-2.0
"""Two machines that can run one service: units, what they start, packages, and the configuration that both share.

Facts of a side: `units` (unit: `there`, `digest`), `programs` (path: digest, None when it is missing), `users` (name:
whether it is there); packages (name: version, None when it is missing); `declared` (path: digest), `conffiles` (path:
digest), `mentions` (path: machines of the other side whose address stands in it).
"""

from __future__ import annotations

from typing import Iterator

from bascule_runtime.drift.finding import About, Facts, Found, upstream

SHOWN = 5


def units(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Units of systemd, the programs that they start, the users that they run as."""
    for unit, ours in sorted((here.get("units") or {}).items()):
        theirs = (there.get("units") or {}).get(unit) or {}
        if not theirs.get("there"):
            yield "unit_missing", {"name": unit}
        elif ours.get("there") and ours.get("digest") != theirs.get("digest"):
            yield "unit_differs", {"name": unit}
    for path, digest in sorted((here.get("programs") or {}).items()):
        other = (there.get("programs") or {}).get(path, digest)
        if digest and other is None:
            yield "program_missing", {"path": path}
        elif digest and other != digest:
            yield "program_differs", {"path": path}
    for name, present in sorted((there.get("users") or {}).items()):
        if not present:
            yield "user_missing", {"name": name}


def packages(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Versions of the packages that the units come from, and of those that the policy declares."""
    for name, version in sorted(here.items()):
        if name not in there or (version is None and there[name] is None):
            continue
        other = there[name]
        if other is None:
            yield "package_missing", {"name": name, "here": version}
        elif version and version != other:
            same = upstream(version) == upstream(other)
            yield ("package_revision" if same else "package_version"), {"name": name, "here": version, "there": other}


def configuration(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Declared configuration must be the same; what packages bring may differ, and is named together."""
    for path, digest in sorted((here.get("declared") or {}).items()):
        other = (there.get("declared") or {}).get(path)
        if digest and other is None:
            yield "configuration_missing", {"path": path}
        elif digest and other != digest:
            yield "configuration_differs", {"path": path}
    declared = here.get("declared") or {}
    theirs = there.get("conffiles") or {}
    changed = [path for path, digest in sorted((here.get("conffiles") or {}).items())
               if path in theirs and theirs[path] != digest and not any(path.startswith(one) for one in declared)]
    if changed:
        yield "conffiles_differ", {"paths": changed[:SHOWN], "count": len(changed)}
    for path, machines in sorted((there.get("mentions") or {}).items()):
        yield "points_back", {"path": path, "machines": machines}
