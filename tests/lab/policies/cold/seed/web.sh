#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the web server of either side shows /srv/plans, whatever is in it.
set -eu
cat > /etc/nginx/sites-available/plans <<'K'
server { listen 80 default_server; root /srv/plans; autoindex on; }
K
ln -sf ../sites-available/plans /etc/nginx/sites-enabled/plans
rm -f /etc/nginx/sites-enabled/default
systemctl enable -q --now nginx.service
