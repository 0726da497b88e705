# SPDX-License-Identifier: Apache-2.0
"""Keys in all their forms, servers that are gone, changed answers. The real server: tests/lab/test_dns_update.py."""

from __future__ import annotations

import base64
import socket

import pytest

from bascule_runtime import dns_update

SECRET = base64.b64encode(b"not a secret, only long enough..").decode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_a_server_that_is_gone_is_a_sentence() -> None:
    with pytest.raises(dns_update.DnsError, match="cannot be reached"):
        dns_update.addresses(("127.0.0.1", free_port()), "erp.double.test", 1)


@pytest.mark.parametrize(
    "text",
    [
        f'key "bascule" {{\n\talgorithm hmac-sha256;\n\tsecret "{SECRET}";\n}};\n',
        f"hmac-sha256:bascule:{SECRET}",
        f"bascule:{SECRET}",
        SECRET,
    ],
)
def test_keys_are_read_in_all_their_forms(text: str) -> None:
    key = dns_update.parse_key(text)
    assert (key.name, key.algorithm, key.secret) == ("bascule", "hmac-sha256", base64.b64decode(SECRET))
    assert "not a secret" not in repr(key)


@pytest.mark.parametrize("text", ["", "nothing", "hmac-md9:bascule:" + SECRET])
def test_what_is_no_key_is_said(text: str) -> None:
    with pytest.raises(dns_update.DnsError, match="cannot be read"):
        dns_update.parse_key(text)


def test_an_answer_that_was_changed_on_the_way_is_refused() -> None:
    key = dns_update.parse_key(SECRET)
    request, mac = dns_update.sign(
        dns_update.update("double.test", {"a.double.test": "192.0.2.1"}, 60, 7), key, 1_000_000
    )
    # A server signs its answer over the request's signature; one over nothing is somebody else's.
    with pytest.raises(dns_update.DnsError, match="another key"):
        dns_update.verify(request, key, mac)
