#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: app1 as the invented firm runs it: the ERP, and the web site with its own small PostgreSQL.
# Runs as root in a copy of this folder's parent.
set -eu
role=roles/website/files

# The ERP; its database is on db1.
cat > /etc/tryton/trytond.conf <<'K'
[web]
listen = 0.0.0.0:8000
root = /usr/local/share/erp

[database]
uri = postgresql://tryton:lab-only-tryton@10.99.1.11:5432/
path = /var/lib/tryton
K
unit=/etc/systemd/system/tryton-server.service.d
install -d -m 755 /usr/local/share/erp $unit
install -m 644 roles/tryton/files/load-at-start.conf $unit/load-at-start.conf
install -m 644 roles/tryton/files/index.html /usr/local/share/erp/index.html
chown root:tryton /etc/tryton/trytond.conf
chmod 640 /etc/tryton/trytond.conf
systemctl daemon-reload
systemctl enable -q --now tryton-server.service

# The web site: the same files that the role lays on app2.
groupadd --system --gid 880 website
useradd --system --uid 880 --gid 880 --home-dir /var/lib/website --shell /usr/sbin/nologin website
install -d -o website -g website -m 750 /var/lib/website
install -d -m 755 /usr/local/lib/website
install -m 644 $role/website.py /usr/local/lib/website/website.py
install -m 644 $role/website.service /etc/systemd/system/website.service
install -m 644 $role/nginx-website /etc/nginx/sites-available/website
ln -sf ../sites-available/website /etc/nginx/sites-enabled/website
rm -f /etc/nginx/sites-enabled/default

systemctl enable -q postgresql.service
systemctl start postgresql@15-main.service
pg_isready -q -t 20
runuser -u postgres -- sh -c 'cd / && psql -qv ON_ERROR_STOP=1' <<'K'
create role website login;
create database website owner website;
\connect website
set role website;
create table firm (name text not null);
insert into firm values ('L''Atelier');
create table stairs (name text primary key, steps integer not null);
insert into stairs values ('Quart tournant', 14), ('Hélicoïdal', 16), ('Droit', 13), ('Double révolution', 22);
create table messages (id text primary key, text text not null, sha256 text not null, at timestamptz not null default now());
K
systemctl daemon-reload
systemctl enable -q --now website.service nginx.service
