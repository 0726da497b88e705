# SPDX-License-Identifier: Apache-2.0
"""What the lab reads of a policy and of lab.yml, and the files that it composes from that."""

from __future__ import annotations

import io
import tarfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from bascule_lab import estate, files, hypervisors, image, zone
from bascule_lab.errors import USAGE, LabError

POLICY = """
organisation: {id: reading}
sites:
  primary:
    network: 10.96.1.0/24
    machines: {db1: {address: 10.96.1.11}, app1: {address: 10.96.1.12, user: ops, port: 2222}}
  standby: {machines: {db2: {address: 10.96.2.11}}}
connection: {user: dr, key: {secret: ssh-key}}
systems:
  erp: {runs_on: {primary: app1, standby: db2}}
switch:
  dns: {server: 10.96.3.53, zone: firm.test, key: {secret: dns-key}, ttl: 5m, names: {erp: erp}}
secrets: {ssh-key: {file: ~/.ssh/bascule}, dns-key: {env: DNS_KEY}}
"""


def write(folder: Path, policy: str = POLICY, lab: str | None = None) -> Path:
    (folder / "policy.yml").write_text(policy)
    if lab is not None:
        (folder / "lab.yml").write_text(lab)
    return folder / "policy.yml"


def test_the_estate_of_a_policy(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path))
    assert found.id == "reading"
    assert found.networks["standby"] == IPv4Network("10.96.2.0/24")
    assert found.machines["app1"] == estate.Machine(
        "app1", "primary", IPv4Address("10.96.1.12"), "ops", 2222, "ssh-key"
    )
    assert found.machines["db2"].user == "dr"
    assert found.machines["dns"].site == estate.DNS_SITE
    assert found.dns is not None
    assert (found.dns.ttl_s, dict(found.dns.names)) == (300, {"erp": IPv4Address("10.96.1.12")})


def test_names_of_what_runs_in_a_guest_lead_to_the_guest(tmp_path: Path) -> None:
    guest = "  box: {runs_on: {primary: app1, standby: db2}, address: {primary: 10.96.1.21, standby: 10.96.2.21}}\n"
    text = POLICY.replace("  erp: {runs_on: {primary: app1, standby: db2}}\n", f"  erp: {{runs_on: box}}\n{guest}")
    found = estate.load(write(tmp_path, text.replace("names: {erp: erp}", "names: {erp: erp, box: box}")))
    assert found.dns is not None
    assert set(found.dns.names.values()) == {IPv4Address("10.96.1.21")}


HOST = "app1: {address: 10.96.1.12, hypervisor: {networks: {office: br0, other: br1, own: 'network:default'}}}"


def test_a_hypervisor_has_bridges_and_begins_with_its_guests(tmp_path: Path) -> None:
    (tmp_path / "guest.sh").write_text("true\n")
    text = POLICY.replace("app1: {address: 10.96.1.12, user: ops, port: 2222}", HOST)
    lab = "guests: {erp: {host: app1, script: guest.sh, size: 2GiB}}\nguest_packages: [nginx-light]"
    found = estate.load(write(tmp_path, text, lab))
    assert found.machines["app1"].bridges == ("br0", "br1")
    assert found.machines["db1"].bridges == ()
    assert set(hypervisors.PACKAGES) <= set(found.packages)
    assert [(guest.id, guest.host, guest.size_bytes) for guest in found.guests] == [("erp", "app1", 2 * 2**30)]
    assert found.guest_packages == ("nginx-light",)
    no_kvm = "etc/systemd/system/libvirtd.service.d/lab-no-kvm.conf"
    assert no_kvm in files.for_machine(found, found.machines["app1"], ("", ""), [], None)


def test_the_cable_of_a_hypervisor_is_in_its_first_bridge() -> None:
    lines = hypervisors.wires(("br0", "br1"), "10.96.1.12/24", "02:63:0a:60:01:0c")
    assert lines == [
        "link add br0 address 02:63:0a:60:01:0c type bridge forward_delay 0",
        "link set br0 up",
        "link add br1 type bridge forward_delay 0",
        "link set br1 up",
        "link set eth0 master br0",
        "addr add 10.96.1.12/24 brd + dev br0",
    ]


def test_a_name_server_that_is_a_machine_of_the_policy_is_not_added_again(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path, POLICY.replace("10.96.3.53", "10.96.2.11")))
    assert found.dns is not None
    assert found.dns.machine == "db2"
    assert "dns" not in found.machines


def test_without_a_switch_there_is_no_name_server(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path, POLICY[: POLICY.index("switch:")]))
    assert found.dns is None
    laid = files.for_machine(found, found.machines["db1"], ("private", "public"), ["key"], None)
    assert laid["etc/resolv.conf"].content.startswith("nameserver 127.0.0.1\n")


def test_lab_yml_moves_sites_machines_and_names(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path, lab="addresses: {primary: 10.96.71.0/24, name-server: 10.96.73.0/24}"))
    assert found.machines["db1"].address == IPv4Address("10.96.71.11")
    assert found.machines["db2"].address == IPv4Address("10.96.2.11")
    assert found.machines["dns"].address == IPv4Address("10.96.73.53")
    assert found.dns is not None
    assert found.dns.names["erp"] == IPv4Address("10.96.71.12")
    assert found.moved_networks[IPv4Network("10.96.1.0/24")] == IPv4Network("10.96.71.0/24")


@pytest.mark.parametrize(
    ("lab", "says"),
    [
        ("packages: [x", "not valid YAML"),
        ("package: [x]", "it may have packages, seed"),
        ("seed: {db9: [a.sh]}", "no file beside the policy"),
        ("seed: {db1: [../../../etc/passwd]}", "no file beside the policy"),
        ("seed: [a.sh]", "should name machines"),
        ("cache: {db9: [/x]}", "no machine that exists from the start"),
        ("cache: {db1: [x]}", "the whole path"),
        ("guests: {erp: {host: app1, script: none.sh, size: 2GiB}}", "what cannot be used"),
        ("addresses: {moon: 10.1.1.0/24}", "no site of the policy"),
    ],
)
def test_lab_files_that_cannot_be_used(tmp_path: Path, lab: str, says: str) -> None:
    with pytest.raises(LabError, match=says) as caught:
        estate.load(write(tmp_path, lab=lab))
    assert caught.value.code == USAGE


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("address: 10.96.2.11", "size: small", "has no `address:`"),
        ("address: 10.96.2.11", "address: fd00::1", "not an IPv4 address"),
        ("id: reading", "id: ../x", "no usable"),
        ("user: dr", "user: 'dr; reboot'", "signs that a lab cannot use"),
        ("ttl: 5m", "ttl: soon", "not a duration"),
        ("sites:", "places:", "needs `organisation:` and `sites:`"),
    ],
)
def test_policies_that_a_lab_cannot_use(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(LabError, match=says) as caught:
        estate.load(write(tmp_path, POLICY.replace(old, new)))
    assert caught.value.code == USAGE


def test_a_name_stands_for_a_site_or_a_machine(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path))
    assert [machine.id for machine in found.at("primary")] == ["db1", "app1"]
    assert [machine.id for machine in found.at("db2")] == ["db2"]
    with pytest.raises(LabError, match="no site or machine 'moon'"):
        found.at("moon")


def test_files_laid_into_machines(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path))
    key = zone.Key("bascule", "hmac-sha256", "c2VjcmV0c2VjcmV0")
    at_app = files.for_machine(found, found.machines["app1"], ("private", "public"), ["one", "two"], key)
    assert at_app["etc/ssh/ssh_host_ed25519_key"] == files.File("private", 0o600)
    assert at_app["etc/ssh/sshd_config.d/lab-port.conf"].content == "Port 2222\n"
    assert at_app["root/.ssh/authorized_keys"] == files.File("one\ntwo\n", 0o600)
    assert "10.96.2.11 db2.firm.test db2\n" in at_app["etc/hosts"].content
    assert not any("bind" in path for path in at_app)
    at_server = files.for_machine(found, found.machines["dns"], ("private", "public"), [], key)
    assert at_server["etc/bind/lab.key"].mode == 0o640


def test_the_archive_has_no_entry_that_could_change_a_folder() -> None:
    data = files.archive({"etc/hosts": files.File("x\n"), "root/.ssh/authorized_keys": files.File("y\n", 0o600)})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert [(entry.name, entry.mode, entry.uid) for entry in tar if entry.isfile()] == [
            ("etc/hosts", 0o644, 0),
            ("root/.ssh/authorized_keys", 0o600, 0),
        ]
        assert len(tar.getmembers()) == 2


def test_known_hosts_and_ssh_config(tmp_path: Path) -> None:
    found = estate.load(write(tmp_path))
    public = {machine: f"ssh-ed25519 AAAA{machine} comment" for machine in found.machines}
    lines = files.known_hosts(found, public).splitlines()
    assert lines[0] == "db1,10.96.1.11,db1.firm.test ssh-ed25519 AAAAdb1"
    assert lines[1].startswith("app1,[app1]:2222,[10.96.1.12]:2222,[app1.firm.test]:2222 ")
    config = files.ssh_config(found, "/a folder/id", "/a folder/known_hosts", {"db2": "/keys/own"})
    assert '  IdentityFile "/a folder/id"' in config.splitlines()
    assert "StrictHostKeyChecking yes" in config
    assert config.index("Host db2\n") < config.index('  IdentityFile "/keys/own"\n')


def test_images_are_shared_by_content() -> None:
    assert image.name(()) == image.name(("postgresql-15",))
    assert image.name(("tryton-server",)) != image.name(())
