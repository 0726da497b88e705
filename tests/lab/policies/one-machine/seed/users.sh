#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: what the router of the firm knows; the person at the switch changes this line.
set -eu
printf '10.93.1.11 till.bakery.test\n' >> /etc/hosts
