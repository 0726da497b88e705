# SPDX-License-Identifier: Apache-2.0
"""A site in a cloud as the lab sees it: addresses, public addresses, what keeps sites apart. No machine is made."""

from __future__ import annotations

import base64
import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from bascule_lab import cli, estate, files, guard, image, instances, keys, machines, publics, state, steer
from bascule_lab.base import Lab
from bascule_lab.errors import CANNOT, USAGE, LabError
from bascule_lab.host import Host

FIRM = Path(__file__).parents[1] / "lab" / "policies" / "cloud" / "policy.yml"
POLICY = """
organisation: {id: far}
sites:
  primary: {network: 10.96.1.0/24, machines: {db1: {address: 10.96.1.11}}}
  standby:
    provider: aws
    network: 10.96.64.0/18
    machines: {db2: {size: small, address: 10.96.64.11}}
    link: {through: db2, key: {secret: one}, peers: {db1: {key: {secret: two}}}}
connection: {user: dr, key: {secret: ssh-key}}
secrets: {one: {file: one.key}, two: {env: FAR_TWO}, ssh-key: {env: FAR_SSH}}
"""
BUILT, OFFICE, THIRD = (IPv4Network(text) for text in ("10.96.64.0/18", "10.96.1.0/24", "10.96.3.0/24"))
PUBLIC, CLOSED, PRIVATE = IPv4Address("198.18.7.10"), IPv4Address("198.18.7.11"), IPv4Address("10.96.64.11")
KNOWN = {"db2": {"instance": "i-0123456789abcdef0", "public": None, "stopped": False, "made": True}}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "policy.yml").write_text(POLICY)
    found = estate.load(tmp_path / "policy.yml")
    return Lab(Host(), found, state.State(found.id))


def box(status: str = "running") -> machines.Container:
    return machines.Container("id", "bl.far.db2", "db2", "", status, 1, status == "running")


def test_the_firm_of_the_tests_gets_the_addresses_of_its_plan() -> None:
    found = estate.load(FIRM)
    assert found.built == ("standby",)
    assert set(found.machines) - set(found.standing) == {"db2", "gate2"}
    assert found.machines["db2"].address == IPv4Address("10.95.64.11")
    assert found.tunnel_keys == {"link-standby", "link-office", "link-outside"}
    assert found.tunnel_ports == {"gate2": 51820}


def test_a_policy_without_a_plan_says_how_to_find_out_why(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text(POLICY.replace(", address: 10.96.64.11", ""))
    with pytest.raises(LabError, match=r"`bascule check .*` says why") as caught:
        estate.load(tmp_path / "policy.yml")
    assert caught.value.code == USAGE


def test_a_machine_that_is_built_has_no_seed(tmp_path: Path, lab: Lab) -> None:
    (tmp_path / "x.sh").write_text("")
    (tmp_path / "lab.yml").write_text("seed: {db2: [x.sh]}")
    with pytest.raises(LabError, match=r"lab\.yml names db2, which is no machine that exists from the start"):
        estate.load(lab.estate.policy)


def test_only_policies_with_a_cloud_have_the_packages_of_its_image(lab: Lab) -> None:
    assert {"wireguard-go", "wireguard-tools"} <= set(lab.estate.packages)
    assert not any("wireguard" in name for name in image.wanted(()))


def test_keys_of_tunnels_are_keys(lab: Lab) -> None:
    keys.prepare(lab.estate, lab.state)
    made = base64.b64decode((lab.estate.policy.parent / "one.key").read_text())
    assert (len(made), made[0] & 7, made[31] & 192) == (32, 0, 64)
    assert len(base64.b64decode(keys.environment(lab.estate, lab.state)["FAR_TWO"])) == 32
    keys.lay_instance_keys(lab.estate, lab.state)
    laid = lab.state.path("keys", "ssh-key")
    assert keys.instance_keys(lab.estate, lab.state) == {"db2": laid}
    assert "PRIVATE KEY" in laid.read_text()


def test_nobody_is_told_host_keys_of_instances(lab: Lab) -> None:
    assert "db2" not in files.known_hosts(lab.estate, {"db1": "ssh-ed25519 AAAA"})


def test_an_instance_gets_its_user_data_and_nothing_of_the_lab(lab: Lab) -> None:
    laid = files.for_instance("i-0123456789abcdef0", lab.estate.machines["db2"], "#cloud-config\n")
    assert not any("ssh" in path or "sudo" in path or path == "etc/hosts" for path in laid)
    assert laid["var/lib/cloud/seed/nocloud/user-data"].content == "#cloud-config\n"
    meta = json.loads(laid["var/lib/cloud/seed/nocloud/meta-data"].content)
    assert meta == {"instance-id": "i-0123456789abcdef0", "local-hostname": "ip-10-96-64-11"}
    assert b"/lib/systemd/system/cloud-final.service" in files.archive(laid)


def test_sites_are_kept_apart_but_for_udp_to_public_addresses_and_names() -> None:
    text = guard.apart(guard.Cloud(
        (BUILT,), (OFFICE, THIRD), {PUBLIC: PRIVATE, CLOSED: IPv4Address("10.96.64.12")}, {PUBLIC: 51820},
        {OFFICE: IPv4Address("198.18.7.200")}, IPv4Address("10.96.3.53"),
    ))  # fmt: skip
    rules = [line.removeprefix("add rule inet lab ") for line in text.splitlines() if line.startswith("add")]
    assert text.splitlines()[:3] == [f"flush chain inet lab {name}" for name in ("apart", "inward", "outward")]
    assert rules == [
        "apart ip saddr { 10.96.64.0/18 } ip daddr 10.96.3.53 meta l4proto { tcp, udp } th dport 53 accept",
        "apart ip daddr { 10.96.64.0/18 } ip saddr 10.96.3.53 meta l4proto { tcp, udp } th sport 53 accept",
        "apart meta l4proto udp ct original ip daddr 198.18.7.10 ct original proto-dst 51820 accept",
        "inward ip daddr 198.18.7.10 dnat ip to 10.96.64.11",
        "outward ip saddr 10.96.1.0/24 ct original ip daddr 198.18.7.10 snat ip to 198.18.7.200",
        "inward ip daddr 198.18.7.11 dnat ip to 10.96.64.12",
        "outward ip saddr 10.96.1.0/24 ct original ip daddr 198.18.7.11 snat ip to 198.18.7.200",
        "apart ip saddr { 10.96.64.0/18 } ip daddr { 10.96.1.0/24, 10.96.3.0/24 } counter drop",
        "apart ip saddr { 10.96.1.0/24, 10.96.3.0/24 } ip daddr { 10.96.64.0/18 } counter drop",
    ]


def test_public_addresses_come_from_a_free_network_and_are_kept(lab: Lab) -> None:
    first = publics.choose(lab.state, "far", [])
    assert publics.RANGE.supernet_of(first)
    assert publics.choose(lab.state, "far", []) == publics.network(lab.state) == first
    other = publics.choose(lab.state, "far", [first])
    assert not other.overlaps(first)
    given = [publics.of(lab.state, f"m{number}") for number in range(190)]
    assert given == [other.network_address + 10 + number for number in range(190)]
    assert publics.of(lab.state, "m7") == given[7]
    with pytest.raises(LabError, match="no public address left"):
        publics.of(lab.state, "one-more")
    assert not set(publics.doors(other, [OFFICE, THIRD]).values()) & set(given)
    with pytest.raises(LabError, match=r"uses all of 198\.18\.0\.0/15") as caught:
        publics.choose(lab.state, "far", [publics.RANGE])
    assert caught.value.code == CANNOT


def test_labs_side_by_side_begin_at_different_networks(tmp_path: Path, lab: Lab) -> None:
    nets = set()
    for name in ("one", "two", "three"):
        nets.add(publics.choose(state.State(name), name, []))
    assert len(nets) == 3


@pytest.mark.parametrize(
    ("name", "address", "identity", "says"),
    [
        ("db1", "10.96.1.11", "i-0123456789abcdef0", "db1 is no machine that is built. Those that are: db2"),
        ("db9", "10.96.64.11", "i-0123456789abcdef0", "db9 is no machine that is built"),
        ("db2", "10.96.64.12", "i-0123456789abcdef0", "has the address 10.96.64.11 in the plan, not 10.96.64.12"),
        ("db2", "10.96.64.11", "i-; reboot", "no identity of an instance"),
    ],
)
def test_instances_are_those_of_the_plan(lab: Lab, name: str, address: str, identity: str, says: str) -> None:
    with pytest.raises(LabError, match=says) as caught:
        instances.create(lab, {}, identity, name, address, Path("none"), public=False)
    assert caught.value.code == USAGE


def test_an_instance_is_made_once_and_its_address_is_taken(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    booted: list[str] = []
    monkeypatch.setattr(instances, "boot", lambda lab, machine: booted.append(machine.id))
    publics.choose(lab.state, "far", [])
    data = lab.estate.policy
    words = ("db2", "10.96.64.11", data)
    outside = instances.create(lab, {}, "i-0123456789abcdef0", *words, public=True)
    assert IPv4Address(outside) in (publics.network(lab.state) or ())
    there = {"db2": box()}
    assert instances.create(lab, there, "i-0123456789abcdef0", *words, public=True) == outside
    assert booted == ["db2"]
    assert instances.address(lab, "db2") == outside
    with pytest.raises(LabError, match=r"belongs to db2, the instance i-0123456789abcdef0\. Terminate that one first"):
        instances.create(lab, there, "i-0123456789abcdef1", *words, public=True)
    # One whose making was interrupted is made again.
    instances.note(lab, "db2", {**KNOWN["db2"], "made": False})
    instances.create(lab, there, "i-0123456789abcdef0", *words, public=False)
    assert booted == ["db2", "db2"]
    with pytest.raises(LabError, match="cannot be read as user data"):
        instances.create(lab, {}, "i-0123456789abcdef2", "db2", "10.96.64.11", Path("/none"), public=False)


def test_states_of_instances(lab: Lab) -> None:
    assert instances.state(lab, {}, "i-0123456789abcdef0") == "absent"
    lab.state.write_json(instances.NOTE, KNOWN)
    assert instances.state(lab, {"db2": box()}, "i-0123456789abcdef0") == "running"
    assert instances.state(lab, {"db2": box("exited")}, "i-0123456789abcdef0") == "stopped"
    assert instances.state(lab, {"db2": box()}, "i-0123456789abcdef1") == "absent"
    with pytest.raises(LabError, match=r"no instance i-1. There are: i-0123456789abcdef0 \(db2\)"):
        instances.stop(lab, {"db2": box()}, "i-1")


def test_power_comes_back_to_what_was_made_and_not_stopped_on_purpose(lab: Lab) -> None:
    assert steer.startable(lab, {}, "standby") == []
    with pytest.raises(LabError, match="db2 is not made; that is done by whoever builds the site standby"):
        steer.startable(lab, {}, "db2")
    with pytest.raises(LabError, match="db1 was never made"):
        steer.startable(lab, {}, "primary")
    lab.state.write_json(instances.NOTE, KNOWN)
    assert [one.id for one in steer.startable(lab, {"db2": box("exited")}, "standby")] == ["db2"]
    lab.state.write_json(instances.NOTE, {"db2": {**KNOWN["db2"], "stopped": True}})
    assert steer.startable(lab, {"db2": box("exited")}, "standby") == []


def test_words_that_are_missing(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "require_root", lambda: None)
    words = ["instance", str(lab.estate.policy), "create", "--instance", "i-0123456789abcdef0", "--name", "db2"]
    assert cli.main(words) == USAGE
    assert "say --name, --address and --user-data" in capsys.readouterr().err
    for words in (["stop"], ["address", "--instance", "i-0123456789abcdef0"]):
        assert cli.main(["instance", str(lab.estate.policy), *words]) == USAGE
        assert "Say which instance" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["instance", str(lab.estate.policy), "explode", "--instance", "i-0123456789abcdef0"])
