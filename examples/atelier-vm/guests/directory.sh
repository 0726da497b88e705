#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the guest that knows the firm's names. Runs in the guest's root before its first boot.
set -eu
cat > /etc/dnsmasq.d/workshop.conf <<'K'
no-resolv
no-hosts
host-record=erp.workshop.lan,10.99.1.22
host-record=intranet.workshop.lan,10.99.1.23
txt-record=firm.workshop.lan,L'Atelier
K
systemctl -q enable dnsmasq.service
