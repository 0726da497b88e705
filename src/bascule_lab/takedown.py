# SPDX-License-Identifier: Apache-2.0
"""Take a lab down so that nothing of it is left."""

from __future__ import annotations

import shutil
from pathlib import Path

from bascule_lab import image, instances, keys, machines, network
from bascule_lab.base import Lab, lock_name
from bascule_lab.host import PODMAN, RUN, Host, require_root
from bascule_lab.process import say
from bascule_lab.state import State


def down(host: Host, identity: str, state: State, *, with_images: bool = False) -> None:
    """Remove all that carries the lab's name, whatever policy made it; the common mount namespace goes with the last
    lab. The image stays for the next time unless `with_images`."""
    require_root()
    with host.lock(lock_name(identity)):
        with host.lock("common"):
            (RUN / "labs").mkdir(parents=True, exist_ok=True)
            (RUN / "labs" / identity).touch()  # nobody removes the mounts while this lab still needs them
            host.open_mounts()
        if Path(PODMAN).exists():
            machines.remove(host, list(machines.all_of(host, identity).values()))
        network.demolish(host, identity)
        keys.forget(state)
        state.forget()
        with host.lock("common"):
            if with_images and Path(PODMAN).exists():
                remove_images(host)
            (RUN / "labs" / identity).unlink(missing_ok=True)
            last_one_out(host)
    say(f"lab {identity} is down")


def clear(lab: Lab) -> None:
    """Remove all machines and wires of a lab; keys and secrets stay."""
    machines.remove(lab.host, list(machines.all_of(lab.host, lab.estate.id).values()))
    network.demolish(lab.host, lab.estate.id)
    shutil.rmtree(lab.state.path("machines"), ignore_errors=True)
    instances.forget(lab)


def remove_images(host: Host) -> None:
    """Remove the machine images, but for those that machines of another lab use (podman refuses these)."""
    shown = host.podman("images", "--filter", f"reference={image.REPOSITORY}", "--format", "{{.Repository}}:{{.Tag}}")
    for name in shown.split():
        if host.attempt_podman("rmi", name).returncode:
            say(f"{name} stays: another lab uses it")


def last_one_out(host: Host) -> None:
    """Remove what all labs share when none is left."""
    labs = RUN / "labs"
    if labs.exists() and any(labs.iterdir()):
        return
    host.close_mounts()
    host.lower_watches()
    for folder in (labs, RUN, *([network.NETNS] if host.hybrid else [])):
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
