#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: the database of the desk on day one, clients of both sites let in.
set -eu
cd /
echo "host desk desk 10.85.0.0/16 scram-sha-256" >> /etc/postgresql/15/main/pg_hba.conf
systemctl enable -q --now postgresql@15-main.service
pg_isready -q -t 20
runuser -u postgres -- psql -Xqv ON_ERROR_STOP=1 <<'SQL'
create role desk login password 'desk';
create database desk owner desk;
\connect desk
set role desk;
create table orders (id text primary key, at timestamptz not null default clock_timestamp());
insert into orders select 'seed-' || n from generate_series(1, 5000) n;
create table ledger as select i, md5(i::text) as line from generate_series(1, 20000) as i;
create sequence numbers;
SQL
