#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: plans made up by arithmetic.
set -eu
install -d -m 755 /srv/plans
number=0
while [ "$number" -lt 20 ]; do
  number=$((number + 1))
  seq "$number" 7 "$((number * 2000))" > "/srv/plans/plan-$number.txt"
done
cd /srv/plans
sha256sum plan-*.txt > SHA256SUMS
