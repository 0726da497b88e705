#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# First boot of a standby machine, run once: first-boot none | first-boot volume FOLDER...
# Sees to python3 and sudo. With `volume`: waits for the data volume, makes a filesystem on it if it is blank, mounts it under
# /srv, and puts each FOLDER on it. What is on a volume already is kept: a new machine finds the data of the one before.
set -eu

ROOT=${ROOT:-}                                  # for tests: where the machine's files are
DISKS=${DISKS:-/dev/disk/by-id}
LABEL=bascule-data
WAIT_S=${WAIT_S:-300}

tools() {
  command -v python3 >/dev/null && command -v sudo >/dev/null && return
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3 sudo
}

# The disk of EBS on which / is not.
data_disk() {
  system=$(lsblk -nspo NAME,TYPE "$(findmnt -no SOURCE /)" 2>/dev/null | awk '$2 == "disk" {print $1}' | tr -dc '/a-z0-9\n')
  for link in "$DISKS"/nvme-Amazon_Elastic_Block_Store_vol*; do
    case $link in *-part*) continue ;; esac
    [ -e "$link" ] || continue
    disk=$(readlink -f "$link")
    [ "$disk" = "$system" ] || { echo "$disk"; return; }
  done
}

wait_for_disk() {
  waited=0
  while [ -z "$(data_disk)" ]; do
    [ "$waited" -lt "$WAIT_S" ] || { echo "first-boot: no data volume after $WAIT_S s" >&2; exit 1; }
    sleep 2
    waited=$((waited + 2))
  done
  data_disk
}

mounted() { # SOURCE TARGET KIND OPTIONS: in fstab, and now
  mkdir -p "$ROOT$2"
  grep -qs " $2 " "$ROOT/etc/fstab" || echo "$1 $2 $3 $4 0 0" >>"$ROOT/etc/fstab"
}

put() { # FOLDER on the volume, with what it holds
  kept=$ROOT/srv/.data$1
  if [ ! -d "$kept" ]; then
    mkdir -p "$kept"
    if [ -d "$ROOT$1" ]; then cp -a "$ROOT$1/." "$kept/"; fi
  fi
  mounted "/srv/.data$1" "$1" none bind,nofail,x-systemd.requires-mounts-for=/srv
  mount --bind "$kept" "$ROOT$1"
}

volume() {
  disk=$(wait_for_disk)
  signs=$(wipefs -n "$disk")
  if [ -z "$signs" ]; then mkfs.ext4 -q -L "$LABEL" "$disk"; fi
  mounted "LABEL=$LABEL" /srv ext4 defaults,nofail,x-systemd.device-timeout=300
  mount "$disk" "$ROOT/srv"
  for folder in "$@"; do put "$folder"; done
}

tools
# Elsewhere than on EC2 there is no volume to wait for, and nobody to report to.
[ "${CLOUD:-$(cloud-id)}" = aws ] || exit 0
kind=$1
shift
if [ "$kind" = volume ]; then volume "$@"; fi
if [ -e "$ROOT/etc/bascule-copy-age.json" ]; then systemctl enable --now --no-block bascule-copy-age.timer; fi
