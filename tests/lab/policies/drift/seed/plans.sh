#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: plans made up by arithmetic, of somebody whom both sides know; the teller shows them.
set -eu
install -d -m 755 /srv/shop /srv/shop/plans
number=0
while [ "$number" -lt 20 ]; do
  number=$((number + 1))
  seq "$number" 7 "$((number * 2000))" > "/srv/shop/plans/plan-$number.txt"
done
(cd /srv/shop/plans && sha256sum plan-*.txt > SHA256SUMS)
chown -R weaver: /srv/shop/plans
systemctl enable -q --now teller.service
