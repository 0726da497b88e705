#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the web server of either side shows /srv/scans, whatever is in it.
set -eu
cat > /etc/nginx/sites-available/scans <<'K'
server { listen 80 default_server; root /srv/scans; autoindex on; }
K
ln -sf ../sites-available/scans /etc/nginx/sites-enabled/scans
rm -f /etc/nginx/sites-enabled/default
systemctl enable -q --now nginx.service
