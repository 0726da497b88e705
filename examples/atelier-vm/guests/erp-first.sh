#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the database of the ERP where there is none yet.
set -eu
limit=0
until runuser -u postgres -- psql -XqAtc 'select 1' >/dev/null 2>&1; do
  limit=$((limit + 1)); [ "$limit" -lt 120 ] || { echo "the database does not answer" >&2; exit 1; }
  sleep 0.5
done
known=$(runuser -u postgres -- psql -XqAtc "select 1 from pg_database where datname = 'erp'")
[ -z "$known" ] || exit 0
runuser -u postgres -- psql -Xqv ON_ERROR_STOP=1 <<'K'
create role erp login;
create database erp owner erp;
\connect erp
set role erp;
create table firm (name text not null);
insert into firm values ('L''Atelier');
create table orders (id text primary key, at timestamptz not null default now());
K
