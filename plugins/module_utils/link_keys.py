# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of WireGuard: a private one is read, its public half is computed (X25519, RFC 7748 section 5)."""

from __future__ import annotations

import base64
import binascii

P = 2**255 - 19
A24 = 121665
BASE = 9


class BadKeyError(Exception):
    """A text that is no private key; the sentence never holds it."""


def private(text: str) -> bytes:
    """The 32 bytes of a private key as `wg genkey` prints it. Raises BadKeyError."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise BadKeyError("it is no private key of WireGuard; `wg genkey` makes one")
    return key


def public(text: str) -> str:
    """The public half of a private key, as WireGuard writes it. Raises BadKeyError."""
    scalar = bytearray(private(text))
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return base64.b64encode(_multiplied(int.from_bytes(scalar, "little")).to_bytes(32, "little")).decode("ascii")


def _multiplied(scalar: int) -> int:
    """The base point `scalar` times: the ladder of Montgomery, as the RFC writes it."""
    x2, z2, x3, z3, swap = 1, 0, BASE, 1, 0
    for bit in reversed(range(255)):
        this = scalar >> bit & 1
        if swap ^ this:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = this
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, BASE * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + A24 * e) % P
    if swap:
        x2, z2 = x3, z3
    return x2 * pow(z2, P - 2, P) % P
