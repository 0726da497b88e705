#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: a small server as a package of its own, with its user, its licence, and a certificate that it made itself.
set -eu
useradd --system --uid 871 --no-create-home --shell /usr/sbin/nologin teller
useradd --system --uid 872 --no-create-home --shell /usr/sbin/nologin weaver
cat > /usr/local/sbin/pack-teller <<'K'
#!/bin/sh
# pack-teller VERSION: make and install the package of that version.
set -eu
home=$(mktemp -d)
mkdir -p "$home/DEBIAN" "$home/usr/lib/teller" "$home/lib/systemd/system"
printf 'Package: teller\nVersion: %s\nArchitecture: all\nMaintainer: The Loom <loom@loom.test>\nDescription: shows plans\n' "$1" > "$home/DEBIAN/control"
cat > "$home/usr/lib/teller/teller.py" <<'P'
import functools, http.server, ssl, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=open(sys.argv[1]).read().strip())
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8443), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/teller-tls/teller.pem", "/etc/teller-tls/teller.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
P
cat > "$home/lib/systemd/system/teller.service" <<'P'
[Unit]
Description=Shows the plans of an invented firm
[Service]
User=teller
ExecStart=/usr/bin/python3 /usr/lib/teller/teller.py /etc/teller/root.conf
[Install]
WantedBy=multi-user.target
P
dpkg-deb --build --root-owner-group "$home" /var/tmp/teller.deb > /dev/null
dpkg --install /var/tmp/teller.deb > /dev/null
rm -r "$home"
systemctl daemon-reload
K
chmod 755 /usr/local/sbin/pack-teller
pack-teller 1.0-1
# A package that the teller is said to need; kept, so that what was removed can come back.
mkdir -p /var/tmp/fonts/DEBIAN
printf 'Package: loom-fonts\nVersion: 2.0-1\nArchitecture: all\nMaintainer: The Loom <loom@loom.test>\nDescription: fonts\n' \
  > /var/tmp/fonts/DEBIAN/control
dpkg-deb --build --root-owner-group /var/tmp/fonts /var/tmp/loom-fonts.deb > /dev/null
dpkg --install /var/tmp/loom-fonts.deb > /dev/null
install -d /etc/teller /etc/teller-tls
echo /srv/shop/plans > /etc/teller/root.conf
echo 'The Loom may show plans.' > /etc/teller-licence.key
cd /etc/teller-tls
openssl req -x509 -newkey rsa:2048 -nodes -days 400 -keyout teller.key -out teller.pem -subj /CN=plans.loom.test \
  -addext subjectAltName=DNS:plans.loom.test 2> /dev/null
chgrp teller teller.key && chmod 640 teller.key
