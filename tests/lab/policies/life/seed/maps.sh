#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: maps made up by arithmetic, and the web server that shows them.
set -eu
install -d -m 755 /srv/maps
number=0
while [ "$number" -lt 40 ]; do
  number=$((number + 1))
  seq "$number" 7 "$((number * 200))" > "/srv/maps/map-$number.txt"
done
cd /srv/maps
sha256sum map-*.txt > SHA256SUMS
cat > /etc/nginx/sites-available/maps <<'K'
server { listen 80 default_server; root /srv/maps; autoindex on; }
K
ln -sf ../sites-available/maps /etc/nginx/sites-enabled/maps
rm -f /etc/nginx/sites-enabled/default
systemctl enable -q --now nginx.service
