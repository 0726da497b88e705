#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: PostgreSQL as Debian installs it, with a database of stock movements open to the firm's networks.
set -eu
: "${BASCULE_SECRET_STOCK_PASSWORD:?is the password of the user stock}"
printf "listen_addresses = '*'\n" > /etc/postgresql/15/main/conf.d/depot.conf
printf 'host stock stock 10.95.0.0/16 scram-sha-256\n' >> /etc/postgresql/15/main/pg_hba.conf
systemctl enable -q postgresql.service
systemctl start postgresql@15-main.service
pg_isready -q -t 20
cd /
{
  printf "\\set password '%s'\n" "$BASCULE_SECRET_STOCK_PASSWORD"
  cat <<'K'
create role stock login password :'password';
create database stock owner stock;
\connect stock
set role stock;
create table movements (id text primary key, pieces integer not null, at timestamptz not null default now());
insert into movements select 'seed-' || n, n % 90 from generate_series(1, 20000) n;
K
} | runuser -u postgres -- psql -qv ON_ERROR_STOP=1
