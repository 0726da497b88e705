# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates on a machine: those that the policy declares, those that configuration names, those that are served."""

from __future__ import annotations

import calendar
import os
import re
import socket
import ssl
import time
from typing import Any, Iterable

from ansible_collections.bascule.continuity.plugins.module_utils import machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

NAMED = re.compile(r"/[\w./@+-]+\.(?:pem|crt|cer)\b")
# What everybody trusts is no certificate of the firm's.
BUNDLES = ("ca-certificates.crt", "ca-bundle.crt", "cert.pem")
ASKED = ["-noout", "-startdate", "-enddate", "-ext", "subjectAltName"]


def named_in(files: Iterable[str]) -> list[str]:
    """Paths of certificates that stand in configuration files and are there."""
    found: set[str] = set()
    for path in files:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = (line for line in stream if not line.lstrip().startswith(("#", ";")))
            found.update(name for line in lines for name in NAMED.findall(line))
    return sorted(path for path in found if os.path.isfile(path) and os.path.basename(path) not in BUNDLES)


def read(text: str) -> dict[str, Any]:
    """Facts from what `openssl x509` printed: `since`, `until` (epoch seconds), `names`. Raises ValueError."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = (line.partition("=")[::2] for line in lines if line.startswith(("notBefore=", "notAfter=")))
    dates = {name: moment(when) for name, when in pairs}
    listed = next((line for line in lines if line.startswith(("DNS:", "IP Address:"))), "")
    names = sorted(name.strip().partition(":")[2] for name in listed.split(",") if name)
    if "notAfter" not in dates:
        raise ValueError("no date of its end was found")
    return {"since": dates.get("notBefore"), "until": dates["notAfter"], "names": names}


def moment(text: str) -> float:
    """`Nov 25 02:47:15 2026 GMT` as seconds since the epoch."""
    return float(calendar.timegm(time.strptime(text.strip(), "%b %d %H:%M:%S %Y GMT")))


def of_file(path: str, declared: bool) -> dict[str, Any] | None:
    """Facts on the certificate in a file; None when there is no file, or no certificate in one that was only found.

    Raises TroubleError for a declared one that cannot be read.
    """
    if not os.path.isfile(path):
        return None
    ended = machine_run.run(["openssl", "x509", "-in", path, *ASKED], limit_s=10)
    if ended.code != 0:
        if declared:
            raise TroubleError(f"{path} cannot be read as a certificate: {ended.reason}")
        return None
    facts = read(ended.out)
    # A certificate that each machine makes for itself bears its own name.
    return {**facts, "names": [] if "snakeoil" in path else facts["names"]}


def files(declared: Iterable[str], found: Iterable[str], elsewhere: Iterable[str]) -> dict[str, Any]:
    """Facts by path; `elsewhere` are the paths that the other side told of: None for those that are not here."""
    sure = {path for path in (*declared, *elsewhere) if path.startswith("/")}
    facts = {path: of_file(path, path in sure) for path in sorted({*sure, *found})}
    return {path: fact for path, fact in facts.items() if fact or path in sure}


def served(targets: Iterable[str], address: str) -> dict[str, Any]:
    """What this machine serves under names such as `www.firm.test:443`, asked at its own address."""
    facts: dict[str, Any] = {}
    for target in targets:
        name, _, port = target.rpartition(":")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((address, int(port)), timeout=3)
        with plain, context.wrap_socket(plain, server_hostname=name) as wrapped:
            pem = ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(True) or b"")
        facts[f"https://{target}"] = read(machine_run.must(["openssl", "x509", *ASKED], f"What {target} shows "
                                                           "cannot be read", stdin=pem, limit_s=10))
    return facts
