# SPDX-License-Identifier: Apache-2.0
"""The firm's own files, beside the policy, exist and are really there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bascule.diagnostics import Diagnostic
from bascule.diagnostics import Path as JsonPath
from bascule.policy import Policy


def named_files(policy: Policy) -> Iterator[tuple[JsonPath, str, bool]]:
    """Given a policy, yield the place, the path beside the policy and whether it is a folder, of each file it names."""
    for activity in policy.activities.values():
        for i, check in enumerate(activity.usable_when):
            if check.kind == "run":
                yield ("activities", activity.id, "usable_when", i, "run"), check.run, False
        if activity.degraded:
            yield ("activities", activity.id, "degraded", "procedure"), activity.degraded.procedure, False
    for system in policy.systems.values():
        role = system.settings.get("configure", {}).get("role")
        if role:
            yield ("systems", system.id, "configure", "role"), f"roles/{role}", True


def exist(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC304 for what is not there, BC305 for what a link leads out of the folder. Without a folder, nothing."""
    folder = policy.source.folder
    if folder is None:
        return
    for path, name, is_folder in named_files(policy):
        place = folder / name
        if not (place.is_dir() if is_folder else place.is_file()):
            word = "folder" if is_folder else "file"
            fix = f"Put it there, beside the policy, or correct the name.{_listed(place)}"
            yield policy.source.finding("BC304", path, f"there is no {word} `{name}`", fix)
        elif not place.resolve().is_relative_to(folder.resolve()):
            fix = "Copy it into the folder of the policy; the compiled folder must not depend on other places."
            yield policy.source.finding("BC305", path, f"`{name}` is a link that leaves the folder of the policy", fix)


def _listed(place: Path) -> str:
    if not place.parent.is_dir():
        return ""
    there = sorted(item.name for item in place.parent.iterdir() if not item.name.startswith((".", "_")))
    shown = ", ".join(f"`{name}`" for name in there[:5])
    return f" In `{place.parent.name}/` there is {shown}." if shown else ""
