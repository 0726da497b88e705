# SPDX-License-Identifier: Apache-2.0
"""Signed dynamic updates of a DNS zone (RFC 2136, RFC 8945) and the question that shows whether they took.

Only what a switch needs: replace the addresses of a name, and ask the server for them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Mapping, Optional, Sequence

A, CNAME, SOA, AAAA, TSIG = 1, 5, 6, 28, 250
IN, NONE, ANY = 1, 254, 255
FUDGE_S = 300
CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH", 10: "NOTZONE",
         16: "BADSIG", 17: "BADKEY", 18: "BADTIME"}
HINTS = {2: "the server could not do it: its log says why (a full disk, a folder that it may not write, a broken zone)",
         4: "the server does not take dynamic updates",
         5: "the server does not let this key change the zone", 9: "the server does not know the key, or not the zone",
         10: "the names are not in the zone that the policy says",
         16: "the key is not the server's", 17: "the server does not know the key's name",
         18: "the clocks of this computer and of the server differ by more than five minutes"}
_FILE = re.compile(r'key\s+"?([^"\s{]+)"?\s*\{([^}]*)\}', re.S)


class DnsError(Exception):
    """The server did not do or say what was asked; the text is a sentence for the user, without secrets."""


@dataclass(frozen=True)
class Key:
    """A TSIG key: its name as the server knows it, `hmac-sha256` or a sister, and the shared secret."""

    name: str
    algorithm: str
    secret: bytes = field(repr=False)


def parse_key(text: str, name: str = "bascule") -> Key:
    """A key as `tsig-keygen` prints it, `ALGORITHM:NAME:SECRET`, `NAME:SECRET`, or the bare secret (called `name`).

    Raises DnsError when it is none of these.
    """
    algorithm, found = "hmac-sha256", _FILE.search(text)
    if found:
        name, body = found.group(1), found.group(2)
        values = dict(re.findall(r'(algorithm|secret)\s+"?([^";\s]+)"?', body))
        algorithm, secret = values.get("algorithm", algorithm), values.get("secret", "")
    else:
        parts = text.strip().split(":")
        secret = parts[-1]
        name = parts[-2] if len(parts) > 1 else name
        algorithm = parts[0] if len(parts) > 2 else algorithm
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw or algorithm.partition("-")[2] not in hashlib.algorithms_available:
        raise DnsError("The key of the DNS switch cannot be read. Give it as tsig-keygen prints it, or as "
                       "hmac-sha256:NAME:SECRET.")
    return Key(name, algorithm, raw)


def _wire(name: str) -> bytes:
    labels = [label.encode("idna") if not label.isascii() else label.encode("ascii")
              for label in name.lower().rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _record(name: str, kind: int, klass: int, ttl: int, data: bytes) -> bytes:
    return _wire(name) + struct.pack("!HHIH", kind, klass, ttl, len(data)) + data


def _variables(key: Key, when: int, error: int = 0, other: bytes = b"") -> bytes:
    stamp = struct.pack("!HIH", when >> 32, when & 0xFFFFFFFF, FUDGE_S)
    return (_wire(key.name) + struct.pack("!HI", ANY, 0) + _wire(key.algorithm) + stamp
            + struct.pack("!HH", error, len(other)) + other)


def _digest(key: Key, content: bytes) -> bytes:
    return hmac.new(key.secret, content, key.algorithm.partition("-")[2]).digest()


def sign(message: bytes, key: Key, when: int) -> tuple[bytes, bytes]:
    """The message with a TSIG record at its end, and the MAC in it; `when` is in seconds since the epoch."""
    mac = _digest(key, message + _variables(key, when))
    data = (_wire(key.algorithm) + struct.pack("!HIH", when >> 32, when & 0xFFFFFFFF, FUDGE_S)
            + struct.pack("!H", len(mac)) + mac + message[:2] + struct.pack("!HH", 0, 0))
    count = struct.unpack("!H", message[10:12])[0] + 1
    return message[:10] + struct.pack("!H", count) + message[12:] + _record(key.name, TSIG, ANY, 0, data), mac


def update(zone: str, records: Mapping[str, str], ttl_s: int, identity: int) -> bytes:
    """An update that makes each name of `records` point at its one address and nowhere else."""
    changes = []
    for name, address in records.items():
        where = ipaddress.ip_address(address)
        changes += [_record(name, kind, ANY, 0, b"") for kind in (A, AAAA, CNAME)]
        changes.append(_record(name, A if where.version == 4 else AAAA, IN, ttl_s, where.packed))
    head = struct.pack("!HHHHHH", identity, 5 << 11, 1, 0, len(changes), 0)
    return head + _wire(zone) + struct.pack("!HH", SOA, IN) + b"".join(changes)


def _skip_name(message: bytes, at: int) -> int:
    while message[at]:
        if message[at] & 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def _sections(message: bytes) -> list[tuple[int, int, int, bytes]]:
    """Records after the question: start, type, TTL, data."""
    questions, *counts = struct.unpack("!HHHH", message[4:12])
    at, found = 12, []
    for _ in range(questions):
        at = _skip_name(message, at) + 4
    for _ in range(sum(counts)):
        begin, at = at, _skip_name(message, at)
        kind, _klass, ttl, length = struct.unpack("!HHIH", message[at:at + 10])
        found.append((begin, kind, ttl, message[at + 10:at + 10 + length]))
        at += 10 + length
    return found


def verify(answer: bytes, key: Key, request_mac: bytes) -> None:
    """Raise DnsError unless the server signed this answer to our request with `key` (RFC 8945, section 5.3)."""
    found = [entry for entry in _sections(answer) if entry[1] == TSIG]
    if not found:
        raise DnsError("The answer is not signed, so it may come from anybody.")
    begin, _kind, _ttl, data = found[-1]
    at = _skip_name(data, 0)
    when = (struct.unpack("!H", data[at:at + 2])[0] << 32) + struct.unpack("!I", data[at + 2:at + 6])[0]
    size = struct.unpack("!H", data[at + 8:at + 10])[0]
    mac, rest = data[at + 10:at + 10 + size], data[at + 10 + size:]
    identity, error, length = struct.unpack("!HHH", rest[:6])
    count = struct.unpack("!H", answer[10:12])[0] - 1
    bare = struct.pack("!H", identity) + answer[2:10] + struct.pack("!H", count) + answer[12:begin]
    wanted = _digest(key, struct.pack("!H", len(request_mac)) + request_mac + bare
                     + _variables(key, when, error, rest[6:6 + length]))
    if error:
        raise DnsError(f"The server refused the key: {CODES.get(error, error)}; {HINTS.get(error, 'look at its log')}.")
    if not hmac.compare_digest(mac, wanted):
        raise DnsError("The answer is signed with another key, so it does not come from the server of the zone.")


def _received(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise DnsError("The server closed the connection in the middle of its answer.")
        parts += part
    return parts


def _exchange(server: tuple[str, int], message: bytes, limit_s: float) -> bytes:
    """One question by TCP: no lost packets, no answers from others."""
    try:
        with socket.create_connection(server, timeout=limit_s) as connection:
            connection.sendall(struct.pack("!H", len(message)) + message)
            return _received(connection, struct.unpack("!H", _received(connection, 2))[0])
    except OSError as error:
        raise DnsError(_silence(server, error, limit_s)) from None


def _silence(server: tuple[str, int], error: OSError, limit_s: float) -> str:
    """What it means that no answer came, as a sentence."""
    where = f"The DNS server {server[0]}, port {server[1]},"
    if isinstance(error, ConnectionRefusedError):
        return f"{where} cannot be reached: the machine is there, but no DNS server runs on it. Start it."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"{where} cannot be reached: there was no answer within {limit_s:g} s. Bring it back."
    return f"{where} cannot be reached ({error.strerror or error}). Bring it back."


def _code(answer: bytes) -> int:
    return int(struct.unpack("!H", answer[2:4])[0]) & 0xF


def addresses(server: tuple[str, int], name: str, limit_s: float = 5.0) -> list[str]:
    """The addresses that the server itself gives for `name`; empty when it has none. Raises DnsError."""
    found: list[str] = []
    for kind in (A, AAAA):
        identity = secrets.randbelow(65536)
        question = struct.pack("!HHHHHH", identity, 0, 1, 0, 0, 0) + _wire(name) + struct.pack("!HH", kind, IN)
        answer = _exchange(server, question, limit_s)
        if answer[:2] != struct.pack("!H", identity):
            raise DnsError(f"The DNS server {server[0]} answered another question.")
        if _code(answer) not in (0, 3):
            code = _code(answer)
            raise DnsError(f"The DNS server {server[0]} does not answer for {name}: {CODES.get(code, code)}.")
        # What follows the answers (the address of the name server, say) is about other names.
        answers = _sections(answer)[:struct.unpack("!H", answer[6:8])[0]]
        found += [str(ipaddress.ip_address(data)) for _at, seen, _ttl, data in answers if seen == kind]
    return found


def replace(server: tuple[str, int], zone: str, records: Mapping[str, str], ttl_s: int, key: Optional[Key],
            limit_s: float = 5.0) -> None:
    """Make each name of `records` point at its address in `zone`, all at once, and see that the server says so.

    Raises DnsError with a sentence when the server refuses, cannot be reached, or says something else afterwards.
    """
    message, mac = update(zone, records, ttl_s, secrets.randbelow(65536)), b""
    if key:
        message, mac = sign(message, key, int(time.time()))
    answer = _exchange(server, message, limit_s)
    code = _code(answer)
    signed = any(entry[1] == TSIG for entry in _sections(answer))
    # A server that refuses may say so without a signature; one that claims success may not.
    if key and (signed or not code):
        verify(answer, key, mac)
    if code:
        raise DnsError(f"The DNS server {server[0]} refused to change {zone}: {CODES.get(code, code)}; "
                       f"{HINTS.get(code, 'look at its log')}.")
    wrong = differing(server, records, limit_s)
    if wrong:
        raise DnsError(f"The DNS server {server[0]} took the change and still says otherwise for {', '.join(wrong)}: "
                       "it may keep several views of the zone, or hand changes on to another server.")


def differing(server: tuple[str, int], records: Mapping[str, str], limit_s: float = 5.0) -> Sequence[str]:
    """Names of `records` that do not point at exactly their address yet."""
    return [name for name, address in records.items() if addresses(server, name, limit_s) != [address]]
