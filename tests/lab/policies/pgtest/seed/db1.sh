#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The firm's database on day one: a table, clients of both sites let in, as the documentation of the module asks for.
set -e
cd /
echo "host all all 10.98.0.0/16 scram-sha-256" >> /etc/postgresql/15/main/pg_hba.conf
systemctl enable --now -q postgresql@15-main
pg_isready -q -t 20
runuser -u postgres -- createdb erp
runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d erp <<'SQL'
create role clerk login password 'clerk';
create table rows (seq bigint primary key, at timestamptz not null);
create table marks (mark text primary key);
create table ledger as select i, md5(i::text) as line from generate_series(1, 100000) as i;
alter table rows owner to clerk;
alter table marks owner to clerk;
SQL
