#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: db1 as the invented firm runs it: PostgreSQL as Debian installs it, with the database of the ERP.
# Runs as root in a copy of this folder's parent; BASCULE_SECRET_ERP_PROBE is the password of the ERP's test user.
set -eu
: "${BASCULE_SECRET_ERP_PROBE:?is the password of the test user of the ERP}"
dump=/var/cache/bascule-lab/erp.dump
database_password=lab-only-tryton   # the lab's, as in roles/tryton/defaults/main.yml

cat > /etc/postgresql/15/main/conf.d/atelier.conf <<'K'
listen_addresses = '*'
K
cat >> /etc/postgresql/15/main/pg_hba.conf <<'K'
host erp tryton 127.0.0.1/32 scram-sha-256
# the application machines of both sites, and of the standby in AWS
host erp tryton 10.99.1.0/24 scram-sha-256
host erp tryton 10.99.2.0/24 scram-sha-256
host erp tryton 10.20.0.0/16 scram-sha-256
K
systemctl enable -q postgresql.service
systemctl start postgresql@15-main.service
pg_isready -q -t 20

cd /
as_postgres() { runuser -u postgres -- "$@"; }
as_postgres psql -qv ON_ERROR_STOP=1 <<K
create role tryton login password '$database_password';
create database erp owner tryton;
K

install -d -m 755 /var/cache/bascule-lab
install -d -o tryton -g tryton -m 750 /var/lib/tryton
umask 077
work=$(mktemp -d)
cat > "$work/trytond.conf" <<K
[database]
uri = postgresql://tryton:$database_password@127.0.0.1:5432/
path = /var/lib/tryton
[password]
entropy = 0.5
K
chown -R tryton "$work"

if [ -s "$dump" ]; then
  as_postgres pg_restore --no-owner --role=tryton -d erp < "$dump"
else
  head -c 18 /dev/urandom | base64 | install -o tryton -m 600 /dev/stdin "$work/password"
  runuser -u tryton -- env TRYTONPASSFILE="$work/password" \
    trytond-admin -c "$work/trytond.conf" -d erp -l en -u party --activate-dependencies --email admin@atelier.test
  as_postgres pg_dump -Fc erp > "$dump.new"
  mv "$dump.new" "$dump"
fi

# The firm itself, so that a check can see whose ERP has answered, and the test user that takes orders.
runuser -u tryton -- python3 - "$work/trytond.conf" <<'K'
import os
import sys

from trytond.config import config

config.update_etc(sys.argv[1])
from trytond.pool import Pool
from trytond.transaction import Transaction

Pool.start()
Pool("erp").init()
with Transaction().start("erp", 1):
    pool = Pool()
    pool.get("party.party").create([{"name": "L'Atelier", "code": "ATELIER"}])
    pool.get("res.user").create(
        [{"name": "Continuity check", "login": "probe", "password": os.environ["BASCULE_SECRET_ERP_PROBE"]}]
    )
K
rm -r "$work"
