#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lab only: files1 as the invented firm runs it: three hundred drawings, made up by arithmetic, with their checksums, behind nginx.
# Runs as root in a copy of this folder's parent.
set -eu
install -d -o www-data -g www-data -m 755 /srv/documents /srv/documents/drawings /srv/documents/inbox
python3 - <<'K'
import hashlib
import random
from pathlib import Path

root = Path("/srv/documents")
numbers = random.Random("atelier")
sums = []
for number in range(1, 301):
    steps, rise, going = numbers.randint(9, 24), numbers.randint(160, 200), numbers.randint(220, 300)
    points = " ".join(f"{i * going / 10:.1f},{400 - i * rise / 10:.1f}" for i in range(steps))
    grain = "".join(f"M0 {y}q{numbers.randint(1, 99)} {numbers.randint(-9, 9)} 300 0" for y in range(0, 20000, 7))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><title>Escalier {number:03}: {steps} marches (invente)</title>'
        f'<polyline fill="none" stroke="black" points="{points}"/><path d="{grain}"/></svg>\n'
    ).encode()
    name = f"drawings/escalier-{number:03}.svg"
    (root / name).write_bytes(drawing)
    sums.append(f"{hashlib.sha256(drawing).hexdigest()}  {name}\n")
(root / "SHA256SUMS").write_text("".join(sums))
(root / "index.html").write_text("<title>L'Atelier: plans</title><h1>Plans de L'Atelier</h1><p>drawings/, inbox/</p>\n")
K
chown -R www-data:www-data /srv/documents
install -m 644 roles/documents/files/nginx-documents /etc/nginx/sites-available/documents
ln -sf ../sites-available/documents /etc/nginx/sites-enabled/documents
rm -f /etc/nginx/sites-enabled/default
systemctl enable -q --now nginx.service
