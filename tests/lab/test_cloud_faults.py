# SPDX-License-Identifier: Apache-2.0
"""What the link ends with when a machine starts anew, is made anew, or was changed by hand. Real machines; minutes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bascule_lab import addresses, host

from .linked import Linked, failed, made, soon, tcp

pytestmark = pytest.mark.lab_full
DB1, DB2 = "10.95.1.11", "10.95.64.11"
UNIT = "bascule-link-cloud.service"


@pytest.fixture(scope="module")
def linked(lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    """The firm with its link raised."""
    for firm in made(lab_home, tmp_path_factory.mktemp("cloud")):
        for name in firm.public:
            firm.booted(name)
        done, _said = firm.step("raise")
        assert done.returncode == 0, done.stdout
        yield firm


def problems(said: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    return {name: one["evidence"]["problems"] for name, one in said.items() if one["evidence"]["problems"]}


@pytest.mark.parametrize("machine", ["gate1", "gate2", "db1"])
def test_a_machine_that_starts_anew_has_the_link_by_itself(linked: Linked, machine: str) -> None:
    linked.lab("kill", machine)
    linked.lab("start", machine)
    assert soon(lambda: tcp(linked, "db1", DB2)), linked.lab.sh(machine, f"systemctl status {UNIT} || true")
    assert soon(lambda: tcp(linked, "db2", DB1))


def test_a_tunnel_that_dies_comes_back(linked: Linked) -> None:
    linked.lab.sh("gate1", "pkill -KILL wireguard-go || true")
    assert soon(lambda: tcp(linked, "db1", DB2))


def test_a_key_that_was_changed_by_hand_is_named_and_set_again(linked: Linked) -> None:
    linked.lab.sh("gate1", "wg genkey > /root/other; wg set bsc-cloud private-key /root/other; rm /root/other")
    _done, said = linked.step("probe", driver="status", limit_s=3)
    found = problems(said)
    assert "The tunnel at gate1 has another key than the secret link-office gives" in found["gate1"][0]
    assert "or one of the two ends has another key" in found["gate2"][0]
    _done, said = linked.step("raise")
    assert [name for name, one in said.items() if one["changed"]] == ["gate1"]
    assert soon(lambda: tcp(linked, "db1", DB2))


def test_a_route_that_was_taken_away_is_named_and_set_again(linked: Linked) -> None:
    linked.lab.sh("db1", "ip route del 10.95.64.0/18")
    _done, said = linked.step("probe", driver="status", limit_s=5)
    assert problems(said) == {
        "db1": ["At db1 there is no route to 10.95.64.0/18 through gate1. dr-build.yml sets it again."]
    }
    linked.step("raise")
    assert tcp(linked, "db1", DB2)


def test_an_end_that_passes_nothing_on_is_named(linked: Linked) -> None:
    close = "nft add table ip closed; nft add chain ip closed f '{ type filter hook forward priority 0; policy drop; }'"
    linked.lab.sh("gate1", close)
    try:
        _done, said = linked.step("probe", driver="status", limit_s=4)
    finally:
        linked.lab.sh("gate1", "nft delete table ip closed")
    found = problems(said)
    assert set(found) == {"db1"}
    assert "db1 reaches gate2 through gate1 no more. If gate1 itself does, a packet filter" in found["db1"][0]


def test_a_link_that_was_stopped_is_named(linked: Linked) -> None:
    linked.lab.sh("gate2", f"systemctl stop {UNIT}")
    _done, said = linked.step("probe", driver="status", limit_s=3)
    assert problems(said)["gate2"] == ["The link does not run at gate2: it is inactive. dr-build.yml raises it."]
    linked.step("raise")
    assert soon(lambda: tcp(linked, "db1", DB2))


def test_a_secret_that_is_no_key_is_refused_without_being_told(linked: Linked) -> None:
    path = linked.lab.home / ".config/bascule/cloud-link-office.key"
    good = path.read_text()
    path.write_text("this-is-no-key-of-anybody\n")
    try:
        done, said = linked.step("raise")
    finally:
        path.write_text(good)
    assert "The secret link-office cannot be used: it is no private key of WireGuard" in said["gate1"]["msg"]
    assert "this-is-no-key" not in done.stdout


def test_an_office_that_is_gone_is_no_failure_of_an_activation(linked: Linked) -> None:
    linked.lab("kill", "primary")
    try:
        done, said = linked.step("raise", driver="activate", silent=("db1", "gate1"))
    finally:
        linked.lab("start", "primary")
    assert done.returncode == 0, done.stdout
    # Of what is skipped Ansible hands nothing on.
    assert {name for name in ("db1", "gate1") if f"skipping: [{name}]" in done.stdout} == {"db1", "gate1"}
    assert set(said) == {"db2", "gate2", "outside"}
    assert failed(said) == [name for name, one in said.items() if one.get("notes")] == []
    assert tcp(linked, "outside", DB2)
    assert soon(lambda: tcp(linked, "db1", DB2))


def test_an_end_that_was_made_anew_gets_the_link_again(linked: Linked) -> None:
    linked.instance("terminate", "gate2")
    linked.create("gate2", public=True)
    linked.booted("gate2")
    assert not tcp(linked, "db1", DB2)
    _done, said = linked.step("raise", driver="activate")
    assert [name for name, one in said.items() if one["changed"]] == ["gate2"]
    assert soon(lambda: tcp(linked, "db1", DB2))
    done, _said = linked.step("probe", limit_s=25)
    assert done.returncode == 0, done.stdout


def test_the_tunnel_is_not_sent_through_the_tunnel(linked: Linked) -> None:
    """The peer's packets arrive from an address of the network that it carries: as without a router that hides it."""
    computer = host.Host()
    fabric = [*computer.prefix(), "nsenter", f"--net=/run/netns/{addresses.fabric('cloud')}"]
    subprocess.run([*fabric, "nft", "flush", "chain", "inet", "lab", "outward"], check=True, timeout=20)
    linked.lab.sh("gate1", f"systemctl restart {UNIT}")
    assert soon(lambda: "10.95.1.12:" in linked.lab.sh("gate2", "wg show bsc-cloud endpoints"))
    assert soon(lambda: tcp(linked, "db2", DB1))


def test_a_machine_that_lacks_the_programs_says_which(linked: Linked) -> None:
    linked.lab.sh("outside", "dpkg --purge --force-depends wireguard-tools >/dev/null 2>&1; rm -rf /var/lib/apt/lists")
    _done, said = linked.step("raise")
    assert "outside lacks wireguard-tools for the link, and apt-get says:" in said["outside"]["msg"]
    assert Path(linked.build).is_dir()
