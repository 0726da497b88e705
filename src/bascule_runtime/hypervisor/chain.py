# SPDX-License-Identifier: Apache-2.0
"""The manifest of a chain of changed blocks: which files belong to it, in what order, and the hash of each.

The tool that writes the chain notices neither a flipped byte nor a missing link when it puts an image together. So each
link is written down when it is made, and all of them are compared before anything is made of them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bascule_runtime import agent
from bascule_runtime.hypervisor import TroubleError
from bascule_runtime.hypervisor.images import content

NAME, SCHEMA = "bascule-chain.json", "bascule/chain/v1"
# Of the tool's own, rewritten by every call.
NOT_DATA = (".log", ".lock", ".cpt", "bascule-chain.json", ".bascule-chain.json.new")


def read(folder: str) -> dict[str, Any]:
    """The manifest of a folder, empty when there is none. Raises TroubleError when it is damaged."""
    path = Path(folder, NAME)
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise TroubleError(f"{path} is damaged") from fault
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise TroubleError(f"{path} is not one of ours")
    return data


def files(folder: str) -> list[str]:
    """Files of the chain, relative to its folder, sorted."""
    found = (path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink())
    names = (path.relative_to(folder).as_posix() for path in found)
    return sorted(name for name in names if not name.endswith(NOT_DATA))


def extend(folder: str, level: str, at: float, consistent: str) -> dict[str, Any]:
    """Write the next link into the manifest: what is there and was not there before. Returns the link.

    What an earlier link has may change no more; `gone_wrong` sees to that. The parent of a link is its predecessor.
    """
    known = read(folder)
    links = list(known.get("links") or [])
    before = {entry["name"] for link in links for entry in link["files"]}
    fresh = [name for name in files(folder) if name not in before]
    link = {"number": len(links), "parent": len(links) - 1 if links else None, "level": level, "at": at,
            "consistent": consistent, "files": [_entry(folder, name) for name in fresh]}
    agent.write_state(os.path.join(folder, NAME), {"schema": SCHEMA, "links": [*links, link]})
    return link


def _entry(folder: str, name: str) -> dict[str, Any]:
    path = os.path.join(folder, name)
    about = os.stat(path)
    return {"name": name, "bytes": about.st_size, "written_ns": about.st_mtime_ns, "sha256": content(path)}


def gone_wrong(folder: str, deep: bool) -> list[str]:
    """What is not as the manifest says, as short phrases; empty when the chain is whole.

    `deep` reads every byte; else names, sizes and when each file was written are looked at, which is where the chain
    grows: a file that was written since would be read anew and sent, one that was not is in the repository as it was.
    A file that no link has is a link that was cut off while it was made: the chain before it is whole, but the tool
    would take it along.
    """
    links = read(folder).get("links") or []
    if not links:
        return ["there is no manifest"]
    wrong = [f"the link {link['number']} follows on nothing" for number, link in enumerate(links)
             if link["number"] != number or link["parent"] != (number - 1 if number else None)]
    if links[0]["level"] != "full":
        wrong.append("it does not begin with all blocks")
    entries = [entry for link in links for entry in link["files"]]
    for entry in entries:
        path = os.path.join(folder, entry["name"])
        if not os.path.isfile(path):
            wrong.append(f"{entry['name']} is missing")
        elif os.path.getsize(path) != entry["bytes"]:
            wrong.append(f"{entry['name']} has {os.path.getsize(path)} bytes, not {entry['bytes']}")
        elif _changed(path, entry, deep):
            wrong.append(f"{entry['name']} was changed after it was written")
    strange = set(files(folder)) - {entry["name"] for entry in entries}
    return wrong + [f"{name} belongs to no link" for name in sorted(strange)]


def _changed(path: str, entry: dict[str, Any], deep: bool) -> bool:
    if deep:
        return content(path) != str(entry["sha256"])
    return os.stat(path).st_mtime_ns != int(entry.get("written_ns") or 0)


def required(folder: str) -> None:
    """Raise TroubleError unless the chain is whole to the last byte."""
    wrong = gone_wrong(folder, deep=True)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise TroubleError(f"The chain of changed blocks is damaged: {'; '.join(wrong[:3])}{more}")
