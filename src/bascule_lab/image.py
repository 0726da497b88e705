# SPDX-License-Identifier: Apache-2.0
"""The image of a lab machine: Debian with all that a recovery uses, built once for each list of packages."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from bascule_lab.errors import LabError
from bascule_lab.host import Host
from bascule_lab.process import attempt, last_lines, say

# Debian releases that a machine can have, and their PostgreSQL: with another one the cluster 15/main is gone.
POSTGRESQL = {"bookworm": "postgresql-15", "trixie": "postgresql-17"}
SUITE = "bookworm"
REPOSITORY = "localhost/bascule-lab"
PACKAGES = [
    "faketime",  # machines share this computer's clock: with it, one of them can be an hour off
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "openssh-sftp-server",
    "python3",
    "python3-venv",
    "sudo",
    "rsync",
    "acl",
    "iproute2",
    "iputils-ping",
    "procps",
    "less",
    "curl",
    "ca-certificates",
    "nftables",
    "cron",
    "pgbackrest",
    "restic",
    "rclone",
    "nginx-light",
    "bind9",
    "bind9-dnsutils",
    "cloud-init",
]
BUILD_LIMIT_S = 1800

# Links that `systemctl enable` made for these stay; every other service of the image is off until a role turns it on.
CUSTOMISE = r"""set -e
r=$1
rm -f "$r"/etc/ssh/ssh_host_* "$r"/var/lib/dbus/machine-id
: > "$r"/etc/machine-id
for link in "$r"/etc/systemd/system/*.wants/*; do
  case ${link##*/} in ssh.service|remote-fs.target) ;; *) rm -f "$link" ;; esac
done
for link in "$r"/etc/rc[2-5].d/S*; do
  [ -e "$link" ] || continue
  name=${link##*/}; mv "$link" "${link%/*}/K${name#S}"
done
for unit in systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service systemd-udevd.service \
  systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service systemd-udev-settle.service \
  systemd-networkd-wait-online.service getty@.service console-getty.service getty.target \
  proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount; do
  ln -sf /dev/null "$r/etc/systemd/system/$unit"
done
install -d -m 700 "$r"/root/.ssh
printf '%s\n' 'PermitRootLogin prohibit-password' 'UseDNS no' 'PasswordAuthentication no' 'MaxStartups 100' \
  'MaxSessions 100' > "$r"/etc/ssh/sshd_config.d/lab.conf
"""
OPTIONS = [
    "--mode=root",
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-include=/usr/share/locale/locale.alias",
]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def name(packages: tuple[str, ...], suite: str = SUITE) -> str:
    """The image's name for these packages beyond the base list: it carries the hash of all that goes into the image."""
    content = json.dumps([suite, wanted(packages, suite), CUSTOMISE, OPTIONS, os.uname().machine])
    return f"{REPOSITORY}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def wanted(packages: tuple[str, ...], suite: str = SUITE) -> list[str]:
    """All packages of the image, sorted: the base list and those of `lab.yml`."""
    return sorted({*PACKAGES, POSTGRESQL[suite], *packages})


def ensure(host: Host, packages: tuple[str, ...], suite: str = SUITE) -> str:
    """Build the image unless it is there, and return its name. Takes about a minute the first time.

    Raises LabError with the builder's last lines when a package does not exist or the archive cannot be reached.
    """
    image = name(packages, suite)
    if exists(host, image):
        return image
    with host.lock("image-" + image.rsplit(":", 1)[1]):
        if not exists(host, image):
            build(host, image, packages, suite)
    return image


def exists(host: Host, image: str) -> bool:
    """Whether podman has this image."""
    return host.attempt_podman("image", "exists", image).returncode == 0


def build(host: Host, image: str, packages: tuple[str, ...], suite: str) -> None:
    """Make the image with mmdebstrap and hand it to podman; the archive file between them is removed."""
    say(f"building the machine image {image} (once, a minute or two)")
    with tempfile.TemporaryDirectory(prefix="bascule-lab-", dir="/var/tmp") as folder:
        work = Path(folder)
        (work / "customise.sh").write_text(CUSTOMISE)
        tar = work / "image.tar"
        argv = ["env", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "mmdebstrap", *OPTIONS]
        argv += ["--include=" + ",".join(wanted(packages, suite)), f'--customize-hook=sh {work}/customise.sh "$1"']
        done = attempt([*argv, suite, str(tar), *sources(work, suite)], limit_s=BUILD_LIMIT_S, label="machine image")
        if done.returncode:
            raise LabError(f"The machine image could not be built: {last_lines(done.stderr)}")
        say("image made, handing it to podman")
        change = ["--change", 'CMD ["/sbin/init"]', "--change", "STOPSIGNAL SIGRTMIN+3"]
        host.podman("import", *change, str(tar), image, limit_s=BUILD_LIMIT_S)


def sources(work: Path, suite: str) -> list[str]:
    """The archive that mmdebstrap reads: the host's own sources when it is Debian of the same suite, else Debian's."""
    release = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
    if "ID=debian" in release.splitlines() and f"VERSION_CODENAME={suite}" in release.splitlines():
        for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
            if Path(path).exists() and Path(path).stat().st_size:
                return [path]
    listing = work / "sources.list"
    parts = (f"debian {suite}", f"debian {suite}-updates", f"debian-security {suite}-security")
    listing.write_text("".join(f"deb [signed-by={KEYRING}] http://deb.debian.org/{part} main\n" for part in parts))
    return [str(listing)]
