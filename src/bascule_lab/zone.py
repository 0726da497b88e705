# SPDX-License-Identifier: Apache-2.0
"""The name server of the lab: its zone, its settings, and the key that may change the zone. Pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from bascule_lab.errors import USAGE, LabError

MACHINE_TTL_S = 5
DEFAULT_KEY = "bascule"
DEFAULT_ALGORITHM = "hmac-sha256"
_BLOCK = re.compile(r'key\s+"?([\w.-]+)"?\s*\{\s*algorithm\s+"?([\w-]+)"?\s*;\s*secret\s+"?([\w+/=]+)"?\s*;\s*\}', re.S)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$")


@dataclass(frozen=True)
class Key:
    """A key for dynamic updates (TSIG). `secret` is base64."""

    name: str
    algorithm: str
    secret: str

    def __repr__(self) -> str:
        return f"Key({self.name}, {self.algorithm}, ...)"

    def line(self) -> str:
        """The key as one line, in the form that `nsupdate -y` takes: ALGORITHM:NAME:SECRET."""
        return f"{self.algorithm}:{self.name}:{self.secret}"


def parse_key(text: str) -> Key:
    """Read a key: the file that `tsig-keygen` writes, `ALGORITHM:NAME:SECRET`, `NAME:SECRET`, or the bare secret.

    Raises LabError (2), without the secret in it.
    """
    block = _BLOCK.search(text)
    if block:
        return checked(Key(block[1], block[2].lower(), block[3]))
    parts = text.strip().split(":")
    if len(parts) > 3:
        raise LabError("The key of the name server is not of the form ALGORITHM:NAME:SECRET.", USAGE)
    defaults = [DEFAULT_ALGORITHM, DEFAULT_KEY]
    algorithm, name, secret = [*defaults[: 3 - len(parts)], *parts]
    return checked(Key(name, algorithm.lower(), secret))


def checked(key: Key) -> Key:
    """The key itself, when it can stand in the name server's settings."""
    whole = _NAME.match(key.name) and re.fullmatch(r"hmac-[a-z0-9-]+", key.algorithm)
    if not whole or not re.fullmatch(r"[A-Za-z0-9+/]{8,}={0,2}", key.secret):
        good = "`tsig-keygen -a hmac-sha256 bascule` makes a good one"
        raise LabError(f"The key of the name server cannot be read; {good}.", USAGE)
    return key


def key_file(key: Key) -> str:
    """The key as the name server and `nsupdate -k` read it."""
    return f'key "{key.name}" {{\n\talgorithm {key.algorithm};\n\tsecret "{key.secret}";\n}};\n'


def options() -> str:
    """Settings of the server: it answers for its zone and for nothing else, so no question leaves the lab."""
    return (
        'options { directory "/var/cache/bind"; recursion no; dnssec-validation no; empty-zones-enable no;\n'
        "  listen-on { any; }; listen-on-v6 { none; }; allow-transfer { none; }; };\n"
    )


def zones(zone: str, key: Key) -> str:
    """The zone, changeable by who holds the key."""
    return (
        'include "/etc/bind/lab.key";\n'
        f'zone "{host_name(zone)}" {{ type master; file "/var/lib/bind/lab.zone";\n'
        f'  update-policy {{ grant "{key.name}" zonesub ANY; }}; }};\n'
    )


def zone_file(
    zone: str, server: str, machines: Mapping[str, IPv4Address], names: Mapping[str, IPv4Address], ttl_s: int
) -> str:
    """The zone as the lab first serves it: every machine by its plain name, and the users' names (which win over a
    machine of the same name) with the policy's time to live in seconds."""
    zone = host_name(zone)
    lines = [
        f"$TTL {MACHINE_TTL_S}",
        f"@ IN SOA {server}.{zone}. root.{zone}. 1 60 30 3600 {MACHINE_TTL_S}",
        f"@ IN NS {server}.{zone}.",
    ]
    users = {relative(name, zone): address for name, address in names.items()}
    lines += [f"{name} {ttl_s} IN A {address}" for name, address in users.items()]
    lines += [f"{name} IN A {address}" for name, address in machines.items() if name not in users]
    return "\n".join(lines) + "\n"


def relative(name: str, zone: str) -> str:
    """A name within its zone: `erp` for `erp`, `erp.atelier.test` and `erp.atelier.test.`; `@` for the zone itself."""
    bare = name.rstrip(".")
    if bare in (zone, "@"):
        return "@"
    return host_name(bare.removesuffix("." + zone))


def host_name(name: str) -> str:
    """The name itself when it can be one in DNS. Raises LabError (2)."""
    if not _NAME.match(name):
        raise LabError(f"{name!r} cannot be a name in DNS.", USAGE)
    return name
