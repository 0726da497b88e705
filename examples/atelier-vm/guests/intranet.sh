#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the guest with the firm's news. Runs in the guest's root before its first boot.
set -eu
cat > /var/www/html/index.html <<'K'
<!doctype html>
<title>L'Atelier</title>
<h1>L'Atelier: news</h1>
<p>The stairs of the town hall are finished.</p>
K
systemctl -q enable nginx.service
