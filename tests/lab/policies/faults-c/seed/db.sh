#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the firm's database on day one, clients of all sites let in.
set -e
cd /
echo "host all all 10.83.0.0/16 scram-sha-256" >> /etc/postgresql/15/main/pg_hba.conf
systemctl enable --now -q postgresql@15-main
pg_isready -q -t 20
runuser -u postgres -- createdb loans
runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d loans <<'SQL'
create role clerk login password 'clerk';
create table loans (mark text primary key, at timestamptz not null default now());
insert into loans select 'old-' || n, now() from generate_series(1, 1000) n;
alter table loans owner to clerk;
SQL
