#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: host1 as the invented firm runs it: three guests, defined and at work. Runs as root in a copy of this folder's
# parent; the lab has laid the guests' disks.
set -eu
laid=/var/lib/bascule-lab/guests
pool=/var/lib/libvirt/images
virsh -q -c qemu:///system capabilities >/dev/null

# NAME MEMORY-MiB PROCESSORS ADDRESS LAST-BYTE-OF-THE-HARDWARE-ADDRESS
guest() {
  install -d -m 711 "$pool"
  mv "$laid/$1/disk.qcow2" "$pool/$1.qcow2"
  mv "$laid/$1/vmlinuz" "$pool/$1.vmlinuz"
  mv "$laid/$1/initrd.img" "$pool/$1.initrd.img"
  cat > "/run/$1.xml" <<K
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>$2</memory>
  <vcpu>$3</vcpu>
  <cpu mode='maximum'/>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$pool/$1.vmlinuz</kernel>
    <initrd>$pool/$1.initrd.img</initrd>
    <cmdline>root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr net.ifnames=0 ip=$4::10.99.1.1:255.255.255.0:$1:eth0:off</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='$pool/$1.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='52:54:00:63:01:$5'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='pty'><log file='/var/log/libvirt/qemu/$1.console.log' append='on'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
K
  virsh -q -c qemu:///system define "/run/$1.xml"
  rm "/run/$1.xml"
  virsh -q -c qemu:///system start "$1"
}

guest directory 512 1 10.99.1.21 21
guest erp-vm 768 2 10.99.1.22 22
guest intranet 512 1 10.99.1.23 23
rm -rf /var/lib/bascule-lab

limit=0
until curl -fsS -m 3 -o /dev/null http://10.99.1.22:8000/ 2>/dev/null \
  && curl -fsS -m 3 -o /dev/null http://10.99.1.23/ 2>/dev/null; do
  limit=$((limit + 1))
  [ "$limit" -lt 120 ] || { tail -n 20 /var/log/libvirt/qemu/*.console.log >&2; exit 1; }
  sleep 2
done
