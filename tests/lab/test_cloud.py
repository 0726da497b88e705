# SPDX-License-Identifier: Apache-2.0
"""A site in a cloud: instances live and die, nothing passes to the firm's sites but through the link. Real machines."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule_lab import addresses, estate, machines

from .linked import INSTANCES, Linked, failed, made, opened, soon, tcp

pytestmark = pytest.mark.lab_full

DB1, GATE1, DB2, GATE2, OUTSIDE = "10.95.1.11", "10.95.1.12", "10.95.64.11", "10.95.64.12", "10.95.3.60"
PORT = 51820
# Counts datagrams that arrive at a port of a machine.
COUNT = (
    "nft add table inet heard; nft flush table inet heard; "
    "nft add chain inet heard i '{{ type filter hook input priority 0; }}'; "
    "nft add rule inet heard i udp dport {} counter"
)
HEARD = "nft list table inet heard | grep -oE 'packets [0-9]+'; nft delete table inet heard"
LEFT = (
    "ls -d /etc/bascule /usr/local/lib/bascule 2>/dev/null; systemctl list-unit-files 'bascule-*' --no-legend; "
    "ip -br link | grep bsc-; ip rule | grep -vE '^(0|32766|32767):'; "
    "ip route show table all | grep -E 'via|bsc-' | grep -v default; pgrep -a wireguard; "
    "cat /proc/sys/net/ipv4/conf/eth0/forwarding"
)


@pytest.fixture(scope="module")
def firm(lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    """The lab of the firm with a standby in a cloud, whose two instances are made as an engine would."""
    yield from made(lab_home, tmp_path_factory.mktemp("cloud"))


def datagrams(firm: Linked, here: str, address: str, there: str, port: int = 9) -> int:
    """How many of three datagrams arrive."""
    firm.lab.sh(there, COUNT.format(port))
    firm.lab.sh(here, f"bash -c 'for i in 1 2 3; do echo x > /dev/udp/{address}/{port}; done; sleep 0.3'")
    return int(firm.lab.sh(there, HEARD).split()[-1])


def host_key(firm: Linked, machine: str) -> str:
    return firm.lab.sh(machine, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[1]


def awake(firm: Linked, name: str) -> bool:
    """Whether an instance that starts answers within half a minute."""
    return machines.port_open(estate.load(firm.lab.policy).machines[name], limit_s=30)


def test_instances_set_themselves_up_and_nobody_knows_their_host_keys(firm: Linked) -> None:
    for name in INSTANCES:
        assert "status: done" in firm.booted(name)
        assert firm.lab.sh(name, "cat /etc/made-by") == "cloud-init"
        assert firm.lab("ssh", name, "id -un; sudo -n id -un").split() == ["dr", "root"]
    status = firm.lab.status()
    known = Path(status["known_hosts"]).read_text()
    assert not any(host_key(firm, name) in known or name in known for name in INSTANCES)
    assert host_key(firm, "db2") != host_key(firm, "gate2")
    # Who does not know the key is not let through by the lab's own settings either.
    plain = ["ssh", "-F", status["ssh_config"], "db2", "true"]
    done = subprocess.run(plain, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, "verification failed" in done.stderr) == (255, True)
    rows = status["machines"]
    assert {name: rows[name]["instance"] for name in INSTANCES} == INSTANCES
    assert (rows["gate2"]["public"], rows["db2"]["public"]) == (firm.public["gate2"], None)


def test_nothing_passes_between_the_cloud_and_the_firms_sites(firm: Linked) -> None:
    outside = str(firm.public["gate2"])
    # Among themselves the machines of a site are free.
    for here, doors, free in (
        ("db2", (f"{DB1}:22", f"{DB1}:5432", f"{GATE1}:22", f"{OUTSIDE}:22"), f"{GATE2}:22"),
        ("gate2", (f"{DB1}:22", f"{GATE1}:22", f"{OUTSIDE}:22"), f"{DB2}:22"),
        ("db1", (f"{DB2}:22", f"{GATE2}:22", f"{outside}:22"), f"{GATE1}:22"),
        ("outside", (f"{DB2}:22", f"{GATE2}:22", f"{outside}:22"), f"{DB1}:22"),
    ):
        assert opened(firm, here, *doors, free) == [False] * len(doors) + [True], here
    assert datagrams(firm, "db1", DB2, "db2") == datagrams(firm, "gate2", GATE1, "gate1") == 0
    # To the port of the link goes UDP, from any site, and nothing else.
    assert datagrams(firm, "db1", outside, "gate2", PORT) == datagrams(firm, "outside", outside, "gate2", PORT) == 3
    assert datagrams(firm, "db1", outside, "gate2") == 0
    # This computer is the operator's console; names are public.
    assert firm.lab.answers("db2")
    assert firm.lab.sh("db2", "getent hosts db1.depot.test").split()[0] == DB1


def test_the_link_lets_through_what_nothing_else_does(firm: Linked) -> None:
    done, first = firm.step("raise")
    assert done.returncode == 0, done.stdout
    assert set(first) == {"db1", "gate1", "db2", "gate2", "outside"}
    _done, again = firm.step("raise")
    assert {name: said["changes"] for name, said in again.items()} == {name: [] for name in first}
    # Who was raised before the other end was there tries again after some seconds.
    assert soon(lambda: opened(firm, "db2", f"{DB1}:5432", f"{DB1}:22", f"{GATE1}:22", f"{OUTSIDE}:22") == [True] * 4)
    assert opened(firm, "gate2", f"{DB1}:5432", f"{OUTSIDE}:22") == [True] * 2
    assert opened(firm, "db1", f"{DB2}:22", f"{GATE2}:22") == [True] * 2
    # A peer that carries only itself reaches the standby, and not the office through it.
    assert opened(firm, "outside", f"{DB2}:22", f"{GATE2}:22") == [True] * 2
    # The database sees who asks, through two machines in between.
    password = json.loads(firm.lab("env", "--json"))["BASCULE_STOCK_PASSWORD"]
    ask = f"PGPASSWORD={password} psql -XqAt -h {DB1} -U stock stock -c 'select inet_client_addr()'"
    assert firm.lab.sh("db2", ask) == DB2


def test_the_probe_says_what_went_through_and_what_did_not(firm: Linked) -> None:
    done, said = firm.step("probe", driver="status")
    assert done.returncode == 0, done.stdout
    ways = [(name, way) for name, one in said.items() for way in one["evidence"]["ways"]]
    assert {(name, way["peer"]) for name, way in ways} == {
        ("gate1", "gate2"), ("outside", "gate2"), ("gate2", "gate1"), ("gate2", "outside")}  # fmt: skip
    for _name, way in ways:
        assert way["through"]
        assert 1000 <= min(way["sent_bytes"], way["received_bytes"]) <= max(way["sent_bytes"], way["received_bytes"])
        assert way["handshake_age_s"] <= 180
    assert any("A packet went from gate1 to gate2 through the link and back" in note for note in said["gate1"]["notes"])
    assert secrets_told(firm, done.stdout) == set()
    firm.lab("cut", "primary", "standby")
    try:
        done, said = firm.step("probe", limit_s=4)
    finally:
        firm.lab("heal")
    assert failed(said) == ["db1", "db2", "gate1", "gate2"]
    assert "db2 reaches gate1 through gate2 no more" in said["db2"]["msg"]
    assert "gate1 has not heard gate2 at" in said["gate1"]["msg"]
    assert "UDP port 51820 is closed on the way" in said["gate1"]["msg"]
    assert not said["gate1"]["evidence"]["ways"][0]["through"]
    seen = {way["peer"]: way["through"] for way in said["gate2"]["evidence"]["ways"]}
    assert seen == {"gate1": False, "outside": True}
    assert said["outside"]["evidence"]["ways"][0]["through"]
    # It comes back by itself.
    assert any(tcp(firm, "db1", DB2) for _ in range(5))


def secrets_told(firm: Linked, text: str) -> set[str]:
    """Names of keys of the link whose value stands in a text, or in anything that a run has written here."""
    written = text + "".join(
        path.read_text(errors="replace") for path in firm.build.parent.rglob("*") if path.is_file()
    )
    homes = (firm.lab.home / ".config/bascule").glob("cloud-link-*.key")
    return {path.name for path in homes if path.read_text().strip() in written}


def test_the_link_is_forgotten_without_a_trace(firm: Linked) -> None:
    done, said = firm.step("forget", driver="teardown")
    assert done.returncode == 0, done.stdout
    assert {name: one["evidence"]["left"] for name, one in said.items()} == {name: [] for name in said}
    assert len(said) == 5
    for name in said:
        assert firm.lab.sh(name, LEFT) == "0"
    assert not tcp(firm, "db2", DB1, 5432)
    _done, again = firm.step("forget", driver="teardown")
    assert not any(one["changed"] for one in again.values())


def test_an_instance_stops_starts_dies_and_is_made_anew(firm: Linked) -> None:
    before = host_key(firm, "db2")
    firm.lab.sh("db2", "echo disk > /disk; sync")
    assert firm.instance("state", "db2") == "running"
    assert firm.instance("stop", "db2") == firm.instance("state", "db2") == "stopped"
    assert not firm.lab.answers("db2")
    firm.lab("start", "standby")
    assert firm.instance("state", "db2") == "stopped"
    assert firm.instance("start", "db2") == "running"
    assert awake(firm, "db2")
    assert (firm.lab.sh("db2", "cat /disk"), host_key(firm, "db2")) == ("disk", before)
    firm.lab("kill", "standby")
    assert {name: firm.instance("state", name) for name in INSTANCES} == dict.fromkeys(INSTANCES, "stopped")
    assert not firm.lab.answers("db2")
    firm.lab("start", "standby")
    assert firm.lab.answers("db2")
    assert firm.instance("terminate", "db2") == firm.instance("terminate", "db2") == "absent"
    assert not firm.lab.answers("db2")
    firm.create("db2", "i-0a0a0a0a0a0a0a0a3")
    firm.booted("db2")
    assert host_key(firm, "db2") != before
    assert firm.lab.sh("db2", "cat /disk 2>/dev/null || echo empty") == "empty"
    done = firm.lab.attempt("instance", "start", "--instance", INSTANCES["db2"])
    assert (done.returncode, f"There is no instance {INSTANCES['db2']}" in done.stderr) == (1, True)


def test_up_leaves_instances_as_they_are(firm: Linked) -> None:
    begun = "cat /proc/1/stat | cut -d' ' -f22"
    before = firm.lab.sh("gate2", begun)
    firm.lab("up")
    assert firm.lab.sh("gate2", begun) == before
    outside = str(firm.public["gate2"])
    assert datagrams(firm, "db1", outside, "gate2", PORT) == 3
    firm.lab("replace", "gate2")
    firm.booted("gate2")
    assert firm.lab.status()["machines"]["gate2"]["public"] == outside
    assert datagrams(firm, "db1", outside, "gate2", PORT) == 3


def test_down_leaves_nothing_of_instances(firm: Linked) -> None:
    firm.lab("down")
    shown = "".join(
        subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stdout
        for argv in (["podman", "ps", "-a"], ["ls", "-1", "/run/netns"], ["ip", "route"], ["nft", "list", "tables"])
    )
    assert not any(word in shown for word in ("bl.cloud.", addresses.tag("cloud"), "198.18."))
    assert not (firm.lab.home / ".local/state/bascule-lab/cloud").exists()
