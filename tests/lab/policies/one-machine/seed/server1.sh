#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: a till with its database, and the recipes.
set -eu
install -d -m 755 /srv/recipes /srv/invoices /usr/local/lib/till
for n in 1 2 3; do seq $n 3 3000 > /srv/invoices/$n.txt; done
seq 1 1000 > /srv/recipes/bread.txt
seq 1 7 90000 > "/srv/recipes/pain d'épices.txt"
install -m 644 roles/till/files/till.py /usr/local/lib/till/till.py
install -m 644 roles/till/files/till.service /etc/systemd/system/till.service
useradd --system --uid 881 --user-group --home-dir /nonexistent --shell /usr/sbin/nologin till
systemctl enable -q postgresql.service
systemctl start postgresql@15-main.service
pg_isready -q -t 20
cd /
runuser -u postgres -- psql -qv ON_ERROR_STOP=1 <<'K'
create role till login;
create database till owner till;
\connect till
set role till;
create table sales (id text primary key, cents integer not null);
insert into sales select 'seed-' || n, n from generate_series(1, 5000) n;
K
pg_createcluster 15 books > /dev/null
systemctl start postgresql@15-books.service
runuser -u postgres -- psql -qv ON_ERROR_STOP=1 --cluster 15/books <<'K'
create database books;
\connect books
create table entries (id text primary key, cents integer not null);
insert into entries select 'seed-' || n, n from generate_series(1, 2000) n;
K
systemctl daemon-reload
systemctl enable -q --now till.service
