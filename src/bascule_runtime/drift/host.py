# SPDX-License-Identifier: Apache-2.0
"""Two machines as such: processor, release, time zone, room on disk, owners of files, tools for copies, clocks."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from bascule_runtime.drift.finding import About, Facts, Found

# Kerberos (RFC 4120) and TSIG (RFC 8945) refuse what is signed with a clock that is five minutes off.
REFUSED_S = 300.0
FALSE_S = 5.0
# Tools whose two ends talk to each other and refuse another version.
STRICT = ("pgbackrest",)


def host(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Processor, release of the system, time zone."""
    for name, code in (("arch", "architecture"), ("release", "release"), ("timezone", "timezone")):
        if here.get(name) and there.get(name) and here[name] != there[name]:
            yield code, {"here": here[name], "there": there[name]}


def tools(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Programs that make and read the copies."""
    for name, version in sorted(here.items()):
        other = there.get(name)
        if version and other and version != other:
            yield ("copies_tool" if name in STRICT else "tool"), {"name": name, "here": version, "there": other}


def owners(here: Facts, there: Facts, about: About) -> Iterator[Found]:
    """Users and groups to whom the files belong: number by name here, and what those names are there."""
    for kind in ("users", "groups"):
        theirs = there.get(kind) or {}
        for name, number in sorted((here.get(kind) or {}).items()):
            if name not in theirs:
                continue
            facts = {"name": name, "kind": kind[:-1], "here": number, "there": theirs[name]}
            if theirs[name] is None:
                yield "owner_missing", facts
            elif theirs[name] != number:
                yield "owner_number", facts


def clock(offset_s: float, about: About) -> Iterator[Found]:
    """How far the clock of the machine that would take over is from the controller's."""
    far = abs(offset_s)
    if far >= FALSE_S:
        yield ("clock_far" if far >= REFUSED_S else "clock_off"), {"seconds": round(far)}


def needed(here: Facts, there: Facts, about: About) -> float:
    """How many bytes a recovery brings to the place of `there` beyond what is there already: the real size or the
    policy's, whichever is larger; nothing where a live copy keeps the data."""
    if there.get("live"):
        return 0.0
    size = max(float(here.get("bytes") or 0), float(about.system.get("size_bytes") or 0))
    return max(0.0, size - float(there.get("replaced") or 0))


def room(places: Mapping[str, Any], wants: Mapping[str, float]) -> Iterator[Found]:
    """`places`: facts of the target by system; `wants`: bytes by system. What shares a disk is counted together."""
    disks: dict[str, list[str]] = {}
    for name, place in places.items():
        if wants.get(name):
            disks.setdefault(str(place.get("device")), []).append(name)
    for names in disks.values():
        total = sum(wants[name] for name in names)
        free = min(float(places[name].get("free") or 0) for name in names)
        if total > free:
            yield "room", {"systems": sorted(names), "path": places[names[0]].get("path"), "needed": _size(total),
                           "free": _size(free)}


def _size(number: float) -> str:
    for unit, size in (("TiB", 2 ** 40), ("GiB", 2 ** 30), ("MiB", 2 ** 20)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1024:.0f} KiB"

