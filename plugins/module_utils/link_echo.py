# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One packet to the far end of a tunnel and back: it may leave by the tunnel only, and comes back as it was."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Optional

ECHO, REPLY = 8, 0
SIZE = 1000
TRY_S = 1.5


def checksum(data: bytes) -> int:
    """The checksum of the Internet (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(identity: int, number: int, content: bytes) -> bytes:
    """An echo request."""
    bare = struct.pack("!BBHHH", ECHO, 0, 0, identity, number) + content
    return struct.pack("!BBHHH", ECHO, 0, checksum(bare), identity, number) + content


def is_reply(received: bytes, identity: int, content: bytes) -> bool:
    """Whether an IP packet is the answer to our request: its identity, and every byte of its content."""
    head = (received[0] & 15) * 4
    if len(received) < head + 8:
        return False
    kind, _code, _sum, whose, _number = struct.unpack("!BBHHH", received[head:head + 8])
    return kind == REPLY and whose == identity and received[head + 8:] == content


def there_and_back(address: str, interface: str, limit_s: float) -> Optional[float]:
    """Seconds until the answer of `address` came by `interface`, to one of several requests within `limit_s`; None when
    none came. An empty `interface` is any. Needs root; raises OSError when the interface is not there."""
    identity, content = os.getpid() & 0xFFFF, os.urandom(SIZE)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as door:
        if interface:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        end, number = time.monotonic() + limit_s, 0
        while time.monotonic() < end:
            number += 1
            sent = time.monotonic()
            try:
                door.sendto(packet(identity, number, content), (address, 0))
            except OSError:
                time.sleep(0.2)  # the tunnel has nobody to send to yet
                continue
            answered = _answer(door, address, identity, content, min(end, sent + TRY_S))
            if answered is not None:
                return answered - sent
    return None


def _answer(door: socket.socket, address: str, identity: int, content: bytes, until: float) -> Optional[float]:
    while (left := until - time.monotonic()) > 0:
        door.settimeout(left)
        try:
            received, (sender, _port) = door.recvfrom(65535)
        except (TimeoutError, socket.timeout):
            return None
        if sender == address and is_reply(received, identity, content):
            return time.monotonic()
    return None
