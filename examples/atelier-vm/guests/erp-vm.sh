#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the guest with the ERP and its database. Runs in the guest's root before its first boot.
set -eu
useradd --system --home-dir /var/lib/erp --shell /usr/sbin/nologin erp
install -d -m 755 /usr/local/lib/erp
install -m 644 erp.py /usr/local/lib/erp/erp.py
install -m 755 erp-first.sh /usr/local/lib/erp/first.sh
install -m 644 erp.service /etc/systemd/system/erp.service
systemctl -q enable postgresql.service erp.service
