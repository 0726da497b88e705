# SPDX-License-Identifier: Apache-2.0
"""Never started twice: libvirt asks this hook before it starts a guest, and a protected one starts only where it was
released. A release does not survive a boot: a host that comes back knows nothing of what happened meanwhile.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from bascule_runtime.hypervisor import TroubleError

HOOKS = "/etc/libvirt/hooks"
GUARDED, RELEASED = f"{HOOKS}/bascule.d", "/run/bascule/released"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
MARK = "# Written by Bascule"
TEXT = f"""#!/bin/sh
{MARK}: a protected guest runs at one site only. It starts here when this boot of the host was told that it may.
case $2 in
  prepare | migrate | restore) ;;
  *) exit 0 ;;
esac
[ -e "{GUARDED}/$1" ] || exit 0
[ -e "{RELEASED}/$1" ] && exit 0
echo "$1 is protected and was not released to run on this host: it may run at the other site." >&2
echo "When it does not, dr-status.yml says so, and dr-build.yml releases it here." >&2
exit 1
"""


def hook(root: str = "") -> str:
    """Where the hook lies: libvirt's own place, or beside a hook of the firm's that has it already."""
    first = Path(f"{root}{HOOKS}/qemu")
    ours = not first.exists() or MARK in first.read_text(encoding="utf-8", errors="replace")
    return f"{root}{HOOKS}/qemu" if ours else f"{root}{HOOKS}/qemu.d/bascule"


def lay(root: str = "") -> bool:
    """Lay the hook; True when it was not there like that. A libvirt that runs since before must be started again."""
    place = Path(hook(root))
    if place.is_file() and place.read_text(encoding="utf-8") == TEXT and os.access(str(place), os.X_OK):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.new")
    draft.write_text(TEXT, encoding="utf-8")
    draft.chmod(0o755)
    os.replace(str(draft), str(place))
    return True


def _marker(folder: str, guest: str, root: str) -> Path:
    if not NAME.fullmatch(guest):
        raise TroubleError(f"{guest} is no name that a guest can be guarded under")
    return Path(f"{root}{folder}/{guest}")


def guard(guest: str, whose: str, root: str = "") -> bool:
    """Let a guest start here only when it is released; `whose` says in the marker for whom. True when it was free."""
    marker = _marker(GUARDED, guest, root)
    fresh = not marker.exists()
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(f"{whose}\n", encoding="utf-8")
    return fresh


def guarded(guest: str, root: str = "") -> bool:
    """Whether a guest starts here only when it is released."""
    return _marker(GUARDED, guest, root).exists()


def release(guest: str, root: str = "") -> bool:
    """Let a guest start here until the next boot of the host. True when it could not."""
    marker = _marker(RELEASED, guest, root)
    fresh = not marker.exists()
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return fresh


def retain(guest: str, root: str = "") -> bool:
    """Take the release back. True when there was one."""
    marker = _marker(RELEASED, guest, root)
    there = marker.exists()
    marker.unlink(missing_ok=True)
    return there


def released(guest: str, root: str = "") -> bool:
    """Whether a guest may start here now."""
    return _marker(RELEASED, guest, root).exists()


def free(guest: str, root: str = "") -> None:
    """Forget a guest; with the last one the hook goes too."""
    retain(guest, root)
    _marker(GUARDED, guest, root).unlink(missing_ok=True)
    folder = Path(f"{root}{GUARDED}")
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        place = Path(hook(root))
        if place.is_file() and MARK in place.read_text(encoding="utf-8"):
            place.unlink()
