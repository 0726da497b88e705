#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: host2 waits for guests. libvirt asks QEMU what it can do once, and remembers.
set -eu
install -d -m 711 /var/lib/libvirt/images
virsh -q -c qemu:///system capabilities >/dev/null
