# SPDX-License-Identifier: Apache-2.0
"""Disks of guests: small Debian systems, built once here and laid into the hypervisor on which they begin."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bascule_lab import addresses, image
from bascule_lab.base import Lab
from bascule_lab.errors import CANNOT, LabError
from bascule_lab.lab_file import Guest
from bascule_lab.process import attempt, last_lines, run, say
from bascule_lab.state import give, home

PACKAGES = [
    "busybox-static",
    "dbus",
    "iproute2",
    "kmod",
    "linux-image-cloud-amd64",
    "procps",
    "python3",
    "qemu-guest-agent",
    "systemd",
    "systemd-sysv",
    "udev",
]
NEEDED = {"e2fsprogs": "/usr/sbin/mke2fs", "qemu-utils": "/usr/bin/qemu-img"}
LAID = "/var/lib/bascule-lab/guests"
FILES = ("disk.qcow2", "initrd.img", "vmlinuz")
SEED = "run/lab-seed"
LIMIT_S = 1800

# Runs in the root of every guest. dbus and logind stay, since without them a guest hears no request to shut down; the
# agent stays, since it holds the disks still for a copy. What packages turn on is off until a guest's script wants it.
BASE = r"""set -e
for link in /etc/systemd/system/*.wants/*; do
  case ${link##*/} in systemd-networkd.*|qemu-guest-agent.*|remote-fs.target) ;; *) rm -f "$link" ;; esac
done
for link in /etc/rc[2-5].d/S*; do
  [ -e "$link" ] || continue
  name=${link##*/}; mv "$link" "${link%/*}/K${name#S}"
done
systemctl -q enable systemd-networkd.service
for unit in getty@.service serial-getty@.service getty.target getty-static.service \
  systemd-networkd-wait-online.service systemd-timesyncd.service systemd-binfmt.service \
  proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  dpkg-db-backup.timer apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
echo '/dev/vda / ext4 defaults 0 1' > /etc/fstab
: > /etc/machine-id
"""
# A first root that loads what a virtual disk needs and nothing else: a third of the time that Debian's own one takes
# where the processor is emulated.
INITRD = r"""set -e
kernel=$(ls /lib/modules)
work=$(mktemp -d)
mkdir "$work/bin" "$work/dev" "$work/m" "$work/root"
cp /bin/busybox "$work/bin/busybox"
number=0
for module in virtio_pci virtio_blk; do modprobe -S "$kernel" --show-depends "$module"; done \
  | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
  number=$((number + 1)); cp "$file" "$work/m/$(printf '%02d' $number).ko"
done
cat > "$work/init" <<'K'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /m/*.ko; do /bin/busybox insmod "$module"; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do /bin/busybox sleep 0.1; tries=$((tries + 1)); done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
K
chmod 755 "$work/init"
(cd "$work" && find . | busybox cpio -o -H newc 2>/dev/null) > /boot/lab-initrd.img
rm -rf "$work"
"""


def folder(lab: Lab, guest: Guest) -> Path:
    """Where a guest's files are kept: another place when anything changes that goes into them."""
    content = hashlib.sha256(_base(lab).encode())
    content.update(json.dumps([INITRD, guest.id, guest.size_bytes]).encode())
    for path in sorted(guest.script.parent.rglob("*")):
        if path.is_file():
            content.update(path.name.encode() + path.read_bytes())
    return _kept() / f"{guest.id}-{content.hexdigest()[:12]}"


def _kept() -> Path:
    return home() / ".cache" / "bascule-lab" / "guests"


def _wanted(lab: Lab) -> list[str]:
    return sorted({*PACKAGES, *lab.estate.guest_packages})


def _base(lab: Lab) -> str:
    """The hash of what all guests of a lab share."""
    content = json.dumps([image.SUITE, _wanted(lab), BASE, image.OPTIONS, os.uname().machine])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def ensure(lab: Lab) -> None:
    """Build what is missing of the guests of `lab.yml`. Two minutes the first time.

    Raises LabError when a package does not exist, a script fails or this computer's processor is another one.
    """
    missing = [guest for guest in lab.estate.guests if not (folder(lab, guest) / FILES[0]).exists()]
    if not missing:
        return
    if os.uname().machine != "x86_64":
        raise LabError("Guests of a lab are systems for x86-64, and this computer has another processor.", CANNOT)
    with lab.host.lock("guests"), tempfile.TemporaryDirectory(prefix="bascule-guests-", dir="/var/tmp") as work:
        tar = _plain_system(lab, Path(work))
        for guest in missing:
            if not (folder(lab, guest) / FILES[0]).exists():
                say(f"making the disk of the guest {guest.id}")
                _make(lab, guest, tar, Path(work) / guest.id)


def _plain_system(lab: Lab, work: Path) -> Path:
    """The tar of the system from which all guests of a lab are made."""
    kept = _kept() / f"base-{_base(lab)}.tar"
    if kept.exists():
        return kept
    say("building the system of the guests (once, a minute or two)")
    script = work / "base.sh"
    script.write_text(BASE)
    hook = f'--customize-hook=chroot "$1" sh -s < {script}'
    tar = work / "base.tar"
    argv = ["env", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "mmdebstrap", *image.OPTIONS]
    argv += ["--include=" + ",".join(_wanted(lab)), hook, image.SUITE, str(tar), *image.sources(work, image.SUITE)]
    done = attempt(argv, limit_s=LIMIT_S, label="system of the guests")
    if done.returncode:
        raise LabError(f"The system of the guests could not be built: {last_lines(done.stderr)}")
    _keep(lab, kept.parent, {kept.name: tar})
    return kept


def _make(lab: Lab, guest: Guest, tar: Path, work: Path) -> None:
    """Make a guest's disk, kernel and first root of the plain system and its own script."""
    root = work / "root"
    root.mkdir(parents=True)
    run(["tar", "-C", str(root), "-xf", str(tar)], limit_s=LIMIT_S)
    (root / "etc/hostname").write_text(guest.id + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {guest.id}\n")
    shutil.copytree(guest.script.parent, root / SEED)
    _inside(root, ["sh", "-c", f'cd /{SEED} && exec sh "./$1"', "sh", guest.script.name], guest.script.name)
    shutil.rmtree(root / SEED)
    _inside(root, ["sh", "-c", INITRD], "the first root")
    kernel = sorted((root / "boot").glob("vmlinuz-*"))[-1]
    made = {"vmlinuz": work / "vmlinuz", "initrd.img": work / "initrd.img", "disk.qcow2": work / "disk.qcow2"}
    shutil.copy(kernel, made["vmlinuz"])
    shutil.move(root / "boot/lab-initrd.img", made["initrd.img"])
    shutil.rmtree(root / "boot")
    (root / "boot").mkdir()
    raw = work / "disk.raw"
    with raw.open("wb") as file:
        file.truncate(guest.size_bytes)
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(root), str(raw)], limit_s=LIMIT_S)
    run(["qemu-img", "convert", "-O", "qcow2", str(raw), str(made["disk.qcow2"])], limit_s=LIMIT_S)
    _keep(lab, folder(lab, guest), made)
    shutil.rmtree(work)


def _inside(root: Path, argv: Sequence[str], what: str) -> None:
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    done = attempt(["chroot", str(root), *argv], limit_s=LIMIT_S, label=what, environment=clean)
    if done.returncode:
        raise LabError(f"{what} failed (exit {done.returncode}): {last_lines(done.stderr + done.stdout)}")


def _keep(lab: Lab, place: Path, files: dict[str, Path]) -> None:
    """Move files to where they are kept; the one that says that all are there comes last."""
    lab.state.make_folder(place)
    for name, path in files.items():
        draft = place / f".{name}.new"
        shutil.move(path, draft)
        draft.rename(place / name)
        give(place / name)


def lay(lab: Lab, machine: str) -> None:
    """Lay the disks of the guests that begin on a machine into it, before its seeds run."""
    for guest in (one for one in lab.estate.guests if one.host == machine):
        place, box = f"{LAID}/{guest.id}", addresses.container(lab.estate.id, machine)
        lab.host.podman("exec", box, "mkdir", "-p", place)
        for name in FILES:
            lab.host.podman("cp", str(folder(lab, guest) / name), f"{box}:{place}/{name}", limit_s=LIMIT_S)
