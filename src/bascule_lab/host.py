# SPDX-License-Identifier: Apache-2.0
"""The computer under the lab: what must be installed, the cgroup trick, locks, podman."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bascule_lab.errors import CANNOT, LabError
from bascule_lab.process import attempt, run, say

RUN = Path("/run/bascule-lab")
LOCKS = Path("/run/lock")
WATCHES = Path("/proc/sys/fs/inotify/max_user_instances")
WATCHES_NOTE = RUN / "inotify-before"
WATCHES_WANTED = 8192
PODMAN = "/usr/bin/podman"
NEEDED = {  # Debian package -> a file that is there when it is installed
    "podman": "/usr/bin/podman",
    "crun": "/usr/bin/crun",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "nftables": "/usr/sbin/nft",
    "openssh-client": "/usr/bin/ssh-keygen",
    "bind9-dnsutils": "/usr/bin/nsupdate",
    "iproute2": "/usr/bin/ip",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
}
CAP_SYS_RESOURCE = 24


class Host:
    """Programs of this computer as the lab calls them. On a computer with hybrid cgroups, podman and all that makes
    named namespaces run in a mount namespace of the lab's own, in which /sys/fs/cgroup is plain cgroup2."""

    def __init__(self) -> None:
        self.hybrid = not pure_cgroup2()
        self.mount_file = RUN / "ns" / "mnt"

    def prefix(self) -> list[str]:
        """What stands before a command that must see the lab's mounts: nothing on a computer with plain cgroup2."""
        return ["nsenter", f"--mount={self.mount_file}"] if self.hybrid else []

    def inside(self, *argv: str, stdin: bytes = b"", limit_s: float = 60) -> str:
        """Run a command among the lab's mounts; it must succeed. Returns what it printed."""
        return run([*self.prefix(), *argv], stdin=stdin, limit_s=limit_s)

    def podman(self, *argv: str, stdin: bytes = b"", limit_s: float = 120) -> str:
        """Run podman; it must succeed. Returns what it printed."""
        return self.inside(PODMAN, *argv, stdin=stdin, limit_s=limit_s)

    def attempt_podman(self, *argv: str, limit_s: float = 120) -> subprocess.CompletedProcess[bytes]:
        """Run podman and hand back exit code and output, whatever they are."""
        return attempt([*self.prefix(), PODMAN, *argv], limit_s=limit_s)

    @contextlib.contextmanager
    def lock(self, name: str, limit_s: float = 1800) -> Iterator[None]:
        """Hold a lock of this computer for as long as the block runs. Raises LabError when another command holds it
        for more than `limit_s` seconds."""
        path = LOCKS / f"bascule-lab-{name}"
        end = time.monotonic() + limit_s
        said = False
        while (file := take(path)) is None:
            if not said:
                say("another command of the lab is at work; waiting for it")
                said = True
            if time.monotonic() > end:
                raise LabError(f"Another command of the lab did not end within {limit_s:.0f} s ({path} is locked).")
            time.sleep(0.2)
        try:
            yield
        finally:
            path.unlink()  # while it is still held, so that nobody's lock is removed
            os.close(file)

    def open_mounts(self) -> None:
        """Make the lab's mount namespace unless it is there; nothing to do with plain cgroup2."""
        if not self.hybrid or self.mounts_work():
            return
        self.close_mounts()
        folder = self.mount_file.parent
        folder.mkdir(parents=True, exist_ok=True)
        run(["mount", "--bind", str(folder), str(folder)])
        run(["mount", "--make-private", str(folder)])
        self.mount_file.touch()
        swap = "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup"
        run(["unshare", f"--mount={self.mount_file}", "--propagation", "slave", "sh", "-c", swap])

    def ready(self) -> bool:
        """Whether podman can be called as the lab calls it."""
        return Path(PODMAN).exists() and (not self.hybrid or self.mounts_work())

    def mounts_work(self) -> bool:
        """Whether the lab's mount namespace is there and can be entered."""
        return self.mount_file.exists() and attempt([*self.prefix(), "true"]).returncode == 0

    def close_mounts(self) -> None:
        """Remove the lab's mount namespace and its folder. Only when no lab is left."""
        for target in (self.mount_file, self.mount_file.parent):
            while attempt(["umount", str(target)]).returncode == 0:
                pass
        self.mount_file.unlink(missing_ok=True)
        if self.mount_file.parent.exists():
            self.mount_file.parent.rmdir()

    def raise_watches(self) -> None:
        """Let many machines run: each systemd takes about six inotify instances of root, and 128 are usual. What was
        set before is noted, and `lower_watches` sets it again."""
        before = int(WATCHES.read_text())
        if before >= WATCHES_WANTED:
            return
        try:
            WATCHES.write_text(str(WATCHES_WANTED))
        except OSError as error:
            say(f"fs.inotify.max_user_instances stays at {before} ({error.strerror}): few machines will start")
            return
        say(f"fs.inotify.max_user_instances raised from {before} to {WATCHES_WANTED} for as long as a lab is up")
        WATCHES_NOTE.write_text(str(before))

    def lower_watches(self) -> None:
        """Set the number of inotify instances as it was before the first lab, unless somebody has changed it since."""
        if not WATCHES_NOTE.exists():
            return
        if int(WATCHES.read_text()) == WATCHES_WANTED:
            WATCHES.write_text(WATCHES_NOTE.read_text())
        WATCHES_NOTE.unlink()

    def limits(self) -> list[str]:
        """Options of `podman create` that keep it from raising limits where this process may not raise them."""
        status = Path("/proc/self/status").read_text()
        effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
        if effective >> CAP_SYS_RESOURCE & 1:
            return []
        return ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]


def take(path: Path) -> int | None:
    """Take a lock and return its open file, or None when somebody else holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists() and os.fstat(file).st_ino == path.stat().st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass  # held by somebody, or removed by the one who held it
    os.close(file)
    return None


def pure_cgroup2() -> bool:
    """Whether /sys/fs/cgroup is plain cgroup2, which podman's systemd machines need."""
    kind = None
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[4] == "/sys/fs/cgroup":
            kind = fields[fields.index("-") + 1]  # the last one mounted is the one that is seen
    return kind == "cgroup2"


def require_root() -> None:
    """Raise LabError (3) unless this process may make bridges and namespaces."""
    if os.geteuid() != 0:
        raise LabError("The lab makes network bridges and machines, so it runs as root: put sudo before it.", CANNOT)
    if not Path("/proc/self/mountinfo").exists():
        raise LabError("The lab needs Linux: it runs its machines on the kernel of this computer.", CANNOT)


def missing_packages(more: Mapping[str, str] | None = None) -> list[str]:
    """Names of the Debian packages that the lab needs and that are not installed; `more` is as `NEEDED`."""
    return [package for package, path in {**NEEDED, **(more or {})}.items() if not Path(path).exists()]


def install_needed(more: Mapping[str, str] | None = None) -> None:
    """Install what is missing with apt. Raises LabError (3) when this computer has no apt or apt fails."""
    missing = missing_packages(more)
    if not missing:
        return
    if not Path("/usr/bin/apt-get").exists():
        raise LabError(f"Please install {', '.join(missing)}: this computer has no apt, so the lab cannot.", CANNOT)
    say(f"installing {', '.join(missing)}")
    install = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    if attempt([*install, *missing], limit_s=900, label="apt").returncode:
        attempt(["apt-get", "update", "-qq"], limit_s=300)
        done = attempt([*install, *missing], limit_s=900, label="apt")
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise LabError(f"apt could not install {', '.join(missing)}: {' '.join(last)}", CANNOT)
