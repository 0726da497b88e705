# SPDX-License-Identifier: Apache-2.0
"""Dynamic updates against a real name server: the BIND of a lab, with the key that the lab made."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from bascule_runtime import dns_update

from .conftest import LabCommand, raised

pytestmark = pytest.mark.lab

POLICY = """
organisation: {id: lab-dns}
sites:
  primary: {network: 10.96.41.0/24, machines: {one: {address: 10.96.41.11}}}
  standby: {network: 10.96.42.0/24, machines: {two: {address: 10.96.42.11}}}
connection: {user: dr, key: {secret: ssh-key}}
systems: {erp: {runs_on: {primary: one, standby: two}}}
switch:
  dns: {server: 10.96.43.53, zone: double.test, key: {secret: dns-key}, ttl: 5s, names: {erp: erp}}
secrets:
  ssh-key: {file: ~/.ssh/bascule-dns}
  dns-key: {env: LAB_DNS}
"""
SERVER = ("10.96.43.53", 53)
OTHER = base64.b64encode(b"another secret, as long as it is").decode()


@pytest.fixture(scope="module")
def lab(lab_home: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    yield from raised(tmp_path_factory.mktemp("dns"), lab_home, POLICY, "{}\n", {})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def secret(lab: LabCommand) -> str:
    """What the lab's server takes: `algorithm:name:secret`."""
    return str(json.loads(lab("env", "--json"))["LAB_DNS"])


def test_a_name_is_moved_and_the_server_says_so(secret: str) -> None:
    key, wanted = dns_update.parse_key(secret), {"erp.double.test": "192.0.2.7"}
    assert dns_update.differing(SERVER, wanted) == ["erp.double.test"]
    dns_update.replace(SERVER, "double.test", wanted, 60, key)
    assert dns_update.addresses(SERVER, "erp.double.test") == ["192.0.2.7"]
    both = {"erp.double.test": "2001:db8::7", "new.double.test": "192.0.2.8"}
    dns_update.replace(SERVER, "double.test", both, 60, key)
    assert dns_update.addresses(SERVER, "erp.double.test") == ["2001:db8::7"]
    assert dns_update.differing(SERVER, {"new.double.test": "192.0.2.8"}) == []


@pytest.mark.parametrize(
    ("name", "value", "zone", "said"),
    [("stranger", None, "double.test", "BADKEY"), (None, OTHER, "double.test", "BADSIG"),
     (None, None, "elsewhere.test", "NOTAUTH")],
)  # fmt: skip
def test_refusals_are_sentences(secret: str, name: str | None, value: str | None, zone: str, said: str) -> None:
    algorithm, ours, right = secret.split(":", 2)
    before = dns_update.addresses(SERVER, "erp.double.test")
    key = dns_update.parse_key(":".join((algorithm, name or ours, value or right)))
    with pytest.raises(dns_update.DnsError, match=said) as caught:
        dns_update.replace(SERVER, zone, {f"erp.{zone}": "192.0.2.9"}, 60, key)
    assert right not in str(caught.value)
    assert dns_update.addresses(SERVER, "erp.double.test") == before


def test_without_a_key_nothing_changes(lab: LabCommand) -> None:
    before = dns_update.addresses(SERVER, "erp.double.test")
    with pytest.raises(dns_update.DnsError, match="REFUSED"):
        dns_update.replace(SERVER, "double.test", {"erp.double.test": "192.0.2.9"}, 60, None)
    assert dns_update.addresses(SERVER, "erp.double.test") == before
