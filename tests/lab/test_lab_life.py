# SPDX-License-Identifier: Apache-2.0
"""The lab's machines live, die, come back, are cut off and replaced. Real machines; about half a minute."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import LabCommand, raised

pytestmark = pytest.mark.lab

POLICY = """
organisation: {id: lab-life}
sites:
  primary: {network: 10.96.11.0/24, machines: {one: {address: 10.96.11.11}, two: {address: 10.96.11.12}}}
  standby: {machines: {three: {address: 10.96.12.11}}}
connection: {user: dr, key: {secret: ssh-key}}
systems: {web: {runs_on: {primary: one, standby: three}}}
switch:
  dns: {server: 10.96.13.53, zone: life.test, key: {secret: dns-key}, ttl: 5s, names: {www: web}}
secrets:
  ssh-key: {file: ~/.ssh/bascule-life}
  dns-key: {env: LIFE_DNS}
  probe-word: {env: LIFE_PROBE}
"""
LAB = "seed: {one: [seed.sh]}\ncache: {one: [/var/cache/lab/made]}\n"
SEED = """#!/bin/sh
set -eu
[ -e policy.yml ]
mkdir -p /var/cache/lab
[ -s /var/cache/lab/made ] || date +%s.%N > /var/cache/lab/made
printf %s "$BASCULE_SECRET_PROBE_WORD" > /root/word
"""


@pytest.fixture(scope="module")
def lab(lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    yield from raised(tmp_path_factory.mktemp("life"), lab_home, POLICY, LAB, {"seed.sh": SEED})


def boot_of(lab: LabCommand, machine: str) -> str:
    """What is another one after each start of a machine."""
    return lab.sh(machine, "systemctl show -p UserspaceTimestampMonotonic --value; cat /proc/1/stat | cut -d' ' -f22")


def reaches(lab: LabCommand, machine: str, address: str) -> bool:
    script = f"timeout 1.5 bash -c ': < /dev/tcp/{address}/22' 2>/dev/null && echo yes || echo no"
    return lab.sh(machine, script) == "yes"


def test_machines_answer_by_ssh_with_pinned_keys_and_sudo(lab: LabCommand) -> None:
    status = lab.status()
    assert status["up"]
    for name in status["machines"]:
        user = "root" if name == "dns" else "dr"
        assert lab("ssh", name, "id -un; sudo -n id -un; hostname").split() == [user, "root", name]
    scan = subprocess.run(["ssh-keyscan", "-t", "ed25519", status["machines"]["one"]["address"]],
                          capture_output=True, text=True, timeout=20, check=True)  # fmt: skip
    key = scan.stdout.split()[2]
    assert any(line.startswith("one,") and key in line for line in Path(status["known_hosts"]).read_text().splitlines())
    private = lab.home / ".ssh" / "bascule-life"
    own = ["ssh", "-F", status["ssh_config"], "-o", "IdentityFile=none", "-i", str(private), "three", "id -un"]
    assert subprocess.run(own, capture_output=True, text=True, timeout=20, check=True).stdout == "dr\n"


def test_systemd_runs_well_and_no_service_of_the_image_is_on(lab: LabCommand) -> None:
    assert lab.sh("two", "systemctl is-system-running") == "running"
    for unit in ("postgresql", "postgresql@15-main", "nginx", "named", "cron"):
        assert lab.sh("two", f"systemctl is-active {unit} || true") == "inactive"
    assert "15  main" in lab.sh("two", "pg_lsclusters")


def test_names(lab: LabCommand) -> None:
    assert lab.sh("three", "getent hosts www; getent hosts two").split() == [
        "10.96.11.11", "www.life.test", "10.96.11.12", "two.life.test", "two"]  # fmt: skip
    value = json.loads(lab("env", "--json"))["LIFE_DNS"]
    change = "update delete www.life.test A\nupdate add www.life.test 5 A 10.96.12.11\nsend\n"
    update = "server 10.96.13.53\nzone life.test\n" + change
    key = lab.home / "key"
    algorithm, name, secret = value.split(":")
    key.write_text(f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};')
    subprocess.run(["nsupdate", "-k", str(key)], input=update, text=True, timeout=20, check=True)
    assert lab.sh("one", "getent hosts www").split()[0] == "10.96.12.11"


def test_seeds_have_the_folder_the_secrets_and_what_was_kept(lab: LabCommand) -> None:
    assert lab.sh("one", "cat /root/word") == json.loads(lab("env", "--json"))["LIFE_PROBE"]
    first = lab.sh("one", "cat /var/cache/lab/made")
    lab("replace", "one", "--seed")
    assert lab.sh("one", "cat /var/cache/lab/made") == first
    assert lab.sh("one", "ls /run/lab-seed 2>/dev/null || echo gone") == "gone"


def test_a_second_up_changes_nothing(lab: LabCommand) -> None:
    before = boot_of(lab, "one")
    lab.sh("one", "echo kept > /kept")
    lab("up")
    assert boot_of(lab, "one") == before
    assert lab.sh("one", "cat /kept") == "kept"


def test_a_killed_site_is_silent_and_comes_back_as_it_was(lab: LabCommand) -> None:
    lab.sh("one", "echo disk > /disk; sync")
    lab("kill", "primary")
    assert {lab.machine(name)["state"] for name in ("one", "two")} == {"off"}
    assert not lab.answers("one")
    assert not lab.answers("two")
    assert lab.answers("three")
    lab("start", "primary", "--unplugged")
    assert not lab.answers("one")
    lab("start", "primary")
    assert lab.answers("one")
    assert lab.sh("one", "cat /disk; hostname -I").split() == ["disk", "10.96.11.11"]


def test_cut_sites_lose_each_other_and_nobody_else(lab: LabCommand) -> None:
    assert reaches(lab, "one", "10.96.12.11")
    lab("cut", "standby", "primary")
    assert lab.status()["cuts"] == [["primary", "standby"], ["standby", "primary"]]
    assert not reaches(lab, "one", "10.96.12.11")
    assert not reaches(lab, "three", "10.96.11.11")
    assert reaches(lab, "one", "10.96.13.53")
    assert lab.answers("one")
    lab("heal")
    assert reaches(lab, "three", "10.96.11.11")


def test_a_way_that_is_cut_swallows_what_goes_there_alone(lab: LabCommand) -> None:
    # Bytes of a datagram, since a connection needs both ways.
    send = "for i in 1 2 3; do echo gone > /dev/udp/{}/9; done; sleep 0.5"
    count = (
        "nft add table inet heard; nft flush table inet heard; "
        "nft add chain inet heard i '{{ type filter hook input priority 0; }}'; "
        "nft add rule inet heard i ip saddr {} udp dport 9 counter"
    )
    heard = "nft list table inet heard | grep -oE 'packets [0-9]+'"
    lab("cut", "--one-way", "standby", "primary")
    assert lab.status()["cuts"] == [["standby", "primary"]]
    for here, there, arrives in (("one", "10.96.12.11", True), ("three", "10.96.11.11", False)):
        other = {"one": "three", "three": "one"}[here]
        lab.sh(other, count.format(lab.machine(here)["address"]))
        lab.sh(here, f"bash -c '{send.format(there)}'")
        assert (lab.sh(other, heard) != "packets 0") is arrives
    assert not reaches(lab, "one", "10.96.12.11")
    lab("heal")
    assert reaches(lab, "one", "10.96.12.11")


def test_an_unplugged_machine_runs_and_is_silent(lab: LabCommand) -> None:
    before = boot_of(lab, "two")
    lab("unplug", "two")
    assert lab.machine("two") | {"cable": "out", "state": "running"} == lab.machine("two")
    assert not lab.answers("two")
    lab("plug", "two")
    assert lab.answers("two")
    assert boot_of(lab, "two") == before


def test_a_replaced_machine_is_empty_at_the_same_address(lab: LabCommand) -> None:
    lab.sh("three", "echo old > /old")
    lab("replace", "three")
    assert lab.sh("three", "ls /old 2>/dev/null || echo empty; hostname -I").split() == ["empty", "10.96.12.11"]
    assert lab("ssh", "three", "hostname").strip() == "three"
    known = Path(lab.status()["known_hosts"])
    before = known.read_text()
    lab("replace", "three", "--new-host-key")
    assert known.read_text() != before
    assert lab("ssh", "three", "hostname").strip() == "three"


def keepers(lab: LabCommand, machine: str) -> tuple[int, int]:
    """The processes that hold a machine: conmon and its systemd."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
        except OSError:
            continue
        if words and words[0].endswith(b"conmon") and f"bl.lab-life.{machine}".encode() in words:
            children = (folder / "task" / folder.name / "children").read_text().split()
            return int(folder.name), int(children[0])
    raise AssertionError(f"no conmon of {machine}")


def test_up_over_a_machine_whose_keeper_was_killed(lab: LabCommand) -> None:
    others = boot_of(lab, "two")
    os.kill(keepers(lab, "one")[0], signal.SIGKILL)
    assert lab.machine("one")["state"] == "broken"
    lab("up")
    assert lab.machine("one")["state"] == "running"
    assert lab.answers("one")
    assert boot_of(lab, "two") == others


def test_up_over_what_an_interrupted_up_left(lab: LabCommand) -> None:
    with subprocess.Popen(lab.argv("up", "--fresh"), env=lab.environment(), stderr=subprocess.DEVNULL) as process:
        time.sleep(1.5)
        process.kill()
    lab("up")
    status = lab.status()
    assert {row["state"] for row in status["machines"].values()} == {"running"}
    assert lab("ssh", "one", "cat /root/word", "2>&1", "||", "sudo", "cat", "/root/word").strip()
