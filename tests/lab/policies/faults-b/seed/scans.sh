#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: scans made up by arithmetic.
set -eu
install -d -m 755 /srv/scans
number=0
while [ "$number" -lt 20 ]; do
  number=$((number + 1))
  seq "$number" 7 "$((number * 2000))" > "/srv/scans/scan-$number.txt"
done
cd /srv/scans
sha256sum scan-*.txt > SHA256SUMS
