#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: plans made up by arithmetic, under names and with owners that copies get wrong easily.
set -eu
install -d -m 755 /srv/plans "/srv/more plans" "/srv/more plans/été"
install -d -m 750 -o www-data -g www-data /srv/plans/private
number=0
while [ "$number" -lt 60 ]; do
  number=$((number + 1))
  seq "$number" 7 "$((number * 200))" > "/srv/plans/plan-$number.txt"
done
seq 1 50000 > "/srv/more plans/été/d'un relevé \$(date) {{ 7 }}.txt"
ln -s plan-1.txt /srv/plans/first.txt
: > /srv/plans/empty
seq 1 9 > /srv/plans/private/notes
chown www-data:www-data /srv/plans/private/notes
chmod 640 /srv/plans/private/notes
cd /srv/plans
sha256sum plan-*.txt > SHA256SUMS
