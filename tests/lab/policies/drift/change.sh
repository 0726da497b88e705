#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: change.sh WHAT differ|heal makes two machines differ in one thing, and takes it back.
set -eu
conf=/etc/postgresql/15/main/conf.d/loom.conf
extensions=/usr/share/postgresql/15/extension
tls=/etc/teller-tls
keep=/var/tmp/kept
mkdir -p $keep

case "$1 $2" in
  "allows-more differ") echo "max_connections = 150" > $conf; systemctl restart postgresql@15-main ;;
  "extension differ") mv $extensions/hstore.control $keep/ ;;
  "extension heal") mv $keep/hstore.control $extensions/ ;;
  "number differ") usermod -u 1872 weaver ;;
  "number heal") usermod -u 872 weaver ;;
  "build differ") pack-teller 1.0-2 ;;
  "release differ") pack-teller 0.9-1 ;;
  "build heal" | "release heal") pack-teller 1.0-1 ;;
  "user differ") userdel weaver ;;
  "user heal") useradd --system --uid 872 --no-create-home --shell /usr/sbin/nologin weaver ;;
  "configuration differ") echo /srv > /etc/teller/root.conf ;;
  "configuration heal") echo /srv/shop/plans > /etc/teller/root.conf ;;
  "package differ") dpkg --purge loom-fonts ;;
  "package heal") dpkg --install /var/tmp/loom-fonts.deb ;;
  "licence differ") mv /etc/teller-licence.key $keep/ ;;
  "licence heal") mv $keep/teller-licence.key /etc/ ;;
  "timezone differ") cp -a /etc/localtime $keep/; ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime ;;
  "timezone heal") cp -a --remove-destination $keep/localtime /etc/ ;;
  "room differ")
    truncate -s 48M $keep/small.img
    mkfs.ext4 -q -F $keep/small.img
    mkdir -p /srv/shop
    mount -o loop $keep/small.img /srv/shop
    head -c 24M /dev/zero > /srv/shop/full
    ;;
  "room heal") umount /srv/shop; rm $keep/small.img ;;
  "certificate differ")
    # A certificate whose days are over can only be made by an authority that is told so.
    mkdir -p $keep/ca && cd $keep/ca && cp -a $tls/teller.pem $keep/
    : > index.txt && echo 01 > serial
    printf '%s\n' '[ca]' default_ca=x '[x]' database=index.txt serial=serial new_certs_dir=. default_md=sha256 \
      policy=p copy_extensions=copy '[p]' commonName=supplied > conf
    openssl req -new -key $tls/teller.key -subj /CN=plans.loom.test -addext subjectAltName=DNS:plans.loom.test -out csr
    openssl ca -batch -config conf -selfsign -keyfile $tls/teller.key -in csr -startdate 20200101000000Z \
      -enddate 20200201000000Z -notext -out $tls/teller.pem
    ;;
  "certificate heal") cp -a $keep/teller.pem $tls/ ;;
  *) echo "nobody knows $1 $2" >&2; exit 2 ;;
esac
