#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: a tree of papers.
set -eu
install -d -m 755 /srv/papers
seq 1 500 | while read -r n; do echo "paper $n" > "/srv/papers/$n"; done
