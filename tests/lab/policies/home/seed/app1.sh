#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the machine of the desk and the plans on day one, as the firm's roles would make it, and the plans.
set -eu
useradd --system --uid 884 --user-group --home-dir /nonexistent --shell /usr/sbin/nologin desk
useradd --system --uid 885 --user-group --home-dir /nonexistent --shell /usr/sbin/nologin shelf
install -d -m 755 /usr/local/lib/harbour
install -d -m 750 -o desk -g desk /var/lib/desk
install -d -m 2775 -o shelf -g shelf /srv/plans "/srv/plans/old harbour"
for n in $(seq 1 40); do seq "$n" 2000 > "/srv/plans/plan-$n.txt"; done
printf 'quai n° 4\n' > "/srv/plans/old harbour/quai n° 4.txt"
ln -s plan-1.txt /srv/plans/first.txt
chown -R -h shelf:shelf /srv/plans
install -m 644 roles/desk/files/desk.py roles/shelf/files/shelf.py /usr/local/lib/harbour/
install -m 644 roles/desk/files/desk.service roles/shelf/files/shelf.service /etc/systemd/system/
printf 'DESK_DATABASE=host=10.85.1.11 dbname=desk user=desk password=desk\n' > /etc/default/desk
systemctl daemon-reload
systemctl enable -q --now desk.service shelf.service
