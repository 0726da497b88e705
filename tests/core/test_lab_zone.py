# SPDX-License-Identifier: Apache-2.0
"""The lab's name server: zone, key, settings."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from bascule_lab import zone
from bascule_lab.errors import LabError

SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
BLOCK = f'key "office" {{\n\talgorithm hmac-sha512;\n\tsecret "{SECRET}";\n}};\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SECRET, zone.Key("bascule", "hmac-sha256", SECRET)),
        (f"office:{SECRET}\n", zone.Key("office", "hmac-sha256", SECRET)),
        (f"hmac-sha512:office:{SECRET}", zone.Key("office", "hmac-sha512", SECRET)),
        (BLOCK, zone.Key("office", "hmac-sha512", SECRET)),
    ],
)
def test_keys_are_read_in_the_forms_in_which_people_have_them(text: str, expected: zone.Key) -> None:
    assert zone.parse_key(text) == expected


@pytest.mark.parametrize("text", ["", "a:b:c:d", 'x"; };', f"bad name:{SECRET}", f"md5:office:{SECRET}", "é" * 20])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(LabError) as caught:
        zone.parse_key(text)
    assert SECRET not in str(caught.value)


def test_a_key_never_shows_its_secret() -> None:
    assert SECRET not in repr(zone.parse_key(SECRET))
    assert zone.parse_key(zone.key_file(zone.parse_key(BLOCK))) == zone.parse_key(BLOCK)
    assert zone.parse_key(zone.parse_key(BLOCK).line()) == zone.parse_key(BLOCK)


def test_users_names_point_at_the_primary_and_win_over_machines() -> None:
    machines = {"db1": IPv4Address("10.96.1.11"), "www": IPv4Address("10.96.1.12"), "dns": IPv4Address("10.96.3.53")}
    names = {"erp": IPv4Address("10.96.1.11"), "www": IPv4Address("10.96.1.13")}
    lines = zone.zone_file("firm.test", "dns", machines, names, 60).splitlines()
    assert "erp 60 IN A 10.96.1.11" in lines
    assert "db1 IN A 10.96.1.11" in lines
    assert [line for line in lines if line.startswith("www")] == ["www 60 IN A 10.96.1.13"]
    assert "@ IN NS dns.firm.test." in lines


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("erp", "erp"),
        ("erp.firm.test", "erp"),
        ("erp.firm.test.", "erp"),
        ("firm.test", "@"),
        ("@", "@"),
        ("a.b", "a.b"),
    ],
)
def test_names_are_written_within_the_zone(name: str, expected: str) -> None:
    assert zone.relative(name, "firm.test") == expected


@pytest.mark.parametrize("name", ["a b", 'a";', "a\nb", "", "-a{"])
def test_names_that_would_leave_their_place_in_the_settings_are_refused(name: str) -> None:
    with pytest.raises(LabError):
        zone.zones(name, zone.parse_key(SECRET))


def test_the_server_answers_for_nothing_else() -> None:
    assert "recursion no" in zone.options()
    assert 'grant "bascule" zonesub ANY' in zone.zones("firm.test", zone.parse_key(SECRET))
