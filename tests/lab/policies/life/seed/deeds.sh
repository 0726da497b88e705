#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: PostgreSQL as Debian installs it, with a database of deeds open to the firm's networks.
set -eu
: "${BASCULE_SECRET_DEEDS_PASSWORD:?is the password of the user deeds}"
printf "listen_addresses = '*'\n" > /etc/postgresql/15/main/conf.d/register.conf
printf 'host deeds deeds 10.86.0.0/16 scram-sha-256\n' >> /etc/postgresql/15/main/pg_hba.conf
systemctl enable -q postgresql.service
systemctl start postgresql@15-main.service
pg_isready -q -t 20
cd /
{
  printf "\\set password '%s'\n" "$BASCULE_SECRET_DEEDS_PASSWORD"
  cat <<'K'
create role deeds login password :'password';
create database deeds owner deeds;
\connect deeds
set role deeds;
create table movements (id text primary key, pieces integer not null, at timestamptz not null default now());
insert into movements select 'seed-' || n, n % 90 from generate_series(1, 20000) n;
K
} | runuser -u postgres -- psql -qv ON_ERROR_STOP=1
