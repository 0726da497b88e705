# SPDX-License-Identifier: Apache-2.0
"""The machines of a site that is built are such that AWS has them, and are there when they are needed."""

from __future__ import annotations

from collections.abc import Iterator

from bascule.cloud import built_late, built_sites, readiness
from bascule.diagnostics import Diagnostic, Path, show
from bascule.policy import Machine, Policy, Site, System
from bascule.providers.aws_tables import (
    IMAGES,
    LARGEST_DISK_GIB,
    SIZES,
    SMALLEST_DISK_GIB,
    TYPES,
    image,
    instance_type,
    nearest,
)
from bascule.rules.protection import LIVE

_GIB = 2**30
_SSH_PORT = 22


def _machines(policy: Policy) -> Iterator[tuple[Site, Machine, Path]]:
    for site, _ in built_sites(policy):
        yield from ((site, one, ("sites", site.id, "machines", one.id)) for one in site.machines.values())


def known_sizes(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC406 for each size that nobody knows."""
    for _, machine, path in _machines(policy):
        if machine.size and instance_type(machine.size) is None:
            near = nearest(machine.size, [*SIZES, *TYPES])
            fix = f"Did you mean `{near}`? " if near else ""
            fix += "Write small, medium, large, or a type for x86 machines such as `m6i.large`."
            yield policy.source.finding("BC406", (*path, "size"), f"nobody knows the size {show(machine.size)}", fix)


def known_images(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC407 for each image that nobody knows."""
    for _, machine, path in _machines(policy):
        if machine.image and image(machine.image) is None:
            near = nearest(machine.image, IMAGES)
            fix = f"Did you mean `{near}`? " if near else ""
            fix += f"Write one of {', '.join(IMAGES)}, or the id of an image of the region, `ami-…`."
            yield policy.source.finding("BC407", (*path, "image"), f"nobody knows the image {show(machine.image)}", fix)


def disks(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC408 for each disk that AWS does not make, or on which the systems of the machine have no room."""
    for _, machine, path in _machines(policy):
        held = sum(system.size_bytes or 0 for system in policy.systems.values() if machine.id in _on(system))
        wanted = _gib(2 * held) + 20
        size = machine.disk_bytes
        if size is None:
            what = f"its systems would need a disk of {wanted}GiB" if wanted > LARGEST_DISK_GIB else ""
            fix = f"Let fewer systems run on `{machine.id}`; AWS makes disks of up to {LARGEST_DISK_GIB}GiB."
        elif not SMALLEST_DISK_GIB * _GIB <= size <= LARGEST_DISK_GIB * _GIB:
            what = f"AWS makes disks for machines of {SMALLEST_DISK_GIB}GiB to {LARGEST_DISK_GIB}GiB"
            fix = f"Write `disk: {min(wanted, LARGEST_DISK_GIB)}GiB`."
        else:
            what = f"the systems of `{machine.id}` hold {_gib(held)}GiB, which do not fit" if size <= held else ""
            fix = f"Write `disk: {min(wanted, LARGEST_DISK_GIB)}GiB`: room for twice what they hold."
        if what:
            yield policy.source.finding("BC408", (*path, "disk"), what, fix)


def logins(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC418 for each machine that is to be reached in a way that a new machine does not offer."""
    for _, machine, path in _machines(policy):
        reached = machine.connection
        if reached.user == "root":
            what = "a machine that is built has no login for root"
            yield policy.source.finding("BC418", (*path, "user"), what, "Write `user: dr`, and `become: sudo`.")
        elif reached.become == "none":
            what = f"`{reached.user}` cannot become root on `{machine.id}`, so nothing can be recovered there"
            yield policy.source.finding("BC418", (*path, "become"), what, "Write `become: sudo`.")
        if reached.port != _SSH_PORT:
            what = f"a machine that is built answers SSH at port {_SSH_PORT}, not at {reached.port}"
            yield policy.source.finding("BC418", (*path, "port"), what, f"Write `port: {_SSH_PORT}` for it.")


def live_copies(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC411 for each live copy on a machine that is not there before it is needed."""
    for site, machine, _ in _machines(policy):
        if readiness(site, machine) != "cold":
            continue
        for system in policy.systems.values():
            for i, copy in enumerate(system.protect if machine.id in _on(system) else ()):
                if copy.by in LIVE:
                    what = (
                        f"`{machine.id}` is `cold`: before a disaster nothing is there that could receive a live copy"
                    )
                    fix = f"Write `readiness: pilot` for `{machine.id}`, or keep copies with history only."
                    path = ("systems", system.id, "protect", i, "by")
                    yield policy.source.finding("BC411", path, what, fix)


def copies_have_a_bucket(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC412 for each site of which a cold machine needs copies, and that has no bucket for them."""
    for site, cloud in built_sites(policy):
        cold = {one.id for one in site.machines.values() if readiness(site, one) == "cold"}
        needing = [system.id for system in policy.systems.values() if system.protect and cold & set(_on(system))]
        if needing and cloud.keep_s is None:
            more = f" and {len(needing) - 1} more" if len(needing) > 1 else ""
            what = f"the copies of `{needing[0]}`{more} have no place: before a disaster its machine is not there"
            fix = "Add `copies: {keep: 30d, writer: …}` to the site, which makes a bucket, or write `readiness: pilot`."
            yield policy.source.finding("BC412", ("sites", site.id, "readiness"), what, fix, key=True)


def there_in_time(policy: Policy) -> Iterator[Diagnostic]:
    """Yield BC413 for each controller, observer and third place on a machine that is only built when it is needed."""
    late = built_late(policy)
    if not late:
        return
    controllers = ((("controllers", one.id, "machine"), one.machine) for one in policy.controllers.values())
    others = ((section, one) for section in ("observers", "copies") for one in getattr(policy, section))
    named: list[tuple[Path, str | None]] = [*controllers, *(((section, one), one) for section, one in others)]
    for path, machine in named:
        if machine in late:
            what = f"`{machine}` is built when it is needed, so it is not there before"
            running = next(
                (one for one in policy.machines if one not in late and _site(policy, one) != "primary"), None
            )
            other = f", or name `{running}`" if running else ""
            fix = f"Write `readiness: warm` for `{machine}`{other}."
            yield policy.source.finding("BC413", path, what, fix, key=path[0] != "controllers")


def _site(policy: Policy, machine: str) -> str:
    return policy.machines[machine].site


def _on(system: System) -> tuple[str, ...]:
    return tuple(system.runs_on.values())


def _gib(size: int) -> int:
    return -(-size // _GIB)
