# SPDX-License-Identifier: Apache-2.0
"""Nothing of a lab leaves the computer, whatever is broken; labs do not meet; `down` leaves nothing. Real machines."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bascule_lab import addresses, host

from .conftest import CONNECT_S, LabCommand, raised

pytestmark = pytest.mark.lab

IDENTITY = "lab-guard"
ADDRESS = "10.96.21.11"
WATCH = "bascule_test_watch"
POLICY = """
organisation: {id: lab-guard}
sites:
  primary: {network: 10.96.21.0/24, machines: {one: {address: 10.96.21.11, port: 2222}}}
  standby: {network: 10.96.22.0/24, machines: {two: {address: 10.96.22.11}}}
secrets: {copies-key: {file: ~/.config/copies.key}, kept: {file: ~/kept}}
"""
OTHER = POLICY.replace("lab-guard", "lab-guard-other").replace("10.96.2", "10.96.3").replace("copies.key", "other.key")


def listing() -> set[str]:
    """Interfaces, namespaces, rule tables, mounts and containers of this computer that are the lab's of these tests."""
    commands = ["ip -br link", "ip route", "nft list tables", "podman ps -a", "cat /proc/self/mounts"]
    commands += ["ls -1 /run/netns", "ls -1 /run/bascule-lab/labs"]
    lines = [line for argv in commands for line in output(*argv.split()).splitlines()]
    marks = (addresses.tag(IDENTITY), IDENTITY, "10.96.21.", "10.96.22.")
    return {line for line in lines if any(mark in line for mark in marks)}


def output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.fixture(scope="module")
def lab(lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    (lab_home / "kept").write_text("the person's own\n")
    yield from raised(tmp_path_factory.mktemp("guard"), lab_home, POLICY, "{}\n", {})


@pytest.fixture
def watch() -> Iterator[None]:
    """A counter of packets for the lab that leave this computer by the way to everywhere else."""
    routes = json.loads(output("ip", "-json", "route", "show", "default")) or [{"dev": "eth0"}]
    way_out = routes[0]["dev"]
    rules = f"""table inet {WATCH} {{
      chain out {{
        type filter hook postrouting priority 300;
        ip daddr 10.96.0.0/16 oifname "{way_out}" counter
      }}
    }}"""
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, timeout=20, check=True)
    yield
    output("nft", "delete", "table", "inet", WATCH)


def packets(table: str, chain: str) -> int:
    rules = output("nft", "list", "chain", "inet", table, chain)
    return sum(int(count) for count in re.findall(r"counter packets (\d+)", rules))


def nobody_answers(port: int = 2222) -> None:
    """Send packets to the machine; silence is right, and a refusal by this computer's own rules."""
    with contextlib.suppress(TimeoutError, PermissionError):
        socket.create_connection((ADDRESS, port), timeout=CONNECT_S).close()
        raise AssertionError("somebody answered")


def in_lab(*argv: str) -> None:
    computer = host.Host()
    subprocess.run([*computer.prefix(), *argv], timeout=20, check=True)


@pytest.mark.usefixtures("watch")
def test_packets_for_a_dead_machine_leave_nowhere(lab: LabCommand) -> None:
    guard = addresses.table(IDENTITY)
    assert lab.answers("one")
    lab("kill", "one")
    nobody_answers()
    assert (packets(WATCH, "out"), packets(guard, "output")) == (0, 0)

    in_lab(
        "ip", "-n", addresses.fabric(IDENTITY), "link", "del", addresses.bridge(addresses.parsed("10.96.21.0/24", ""))
    )
    nobody_answers()
    assert (packets(WATCH, "out"), packets(guard, "output")) == (0, 0)

    output("ip", "link", "del", addresses.uplink(IDENTITY))
    nobody_answers()
    assert packets(guard, "output") > 0
    assert packets(WATCH, "out") == 0
    lab("up")
    assert lab.answers("one")
    assert lab.sh("two", f"timeout 2 bash -c ': < /dev/tcp/{ADDRESS}/2222' && echo yes") == "yes"


def test_a_machine_reaches_nothing_outside_its_lab(lab: LabCommand) -> None:
    own = json.loads(output("ip", "-json", "-4", "addr"))
    outside = [info["local"] for link in own if link["ifname"] != "lo" for info in link["addr_info"]]
    for address in [*(item for item in outside if not item.startswith("169.254.")), "192.0.2.99"]:
        script = f"timeout 2 bash -c ': < /dev/tcp/{address}/22' 2>/dev/null && echo yes || echo no"
        assert lab.sh("two", script) == "no"


def test_commands_refuse_without_the_guard(lab: LabCommand) -> None:
    output("nft", "delete", "table", "inet", addresses.table(IDENTITY))
    for words in (("ssh", "one", "true"), ("start", "one"), ("exec", "one", "true")):
        done = lab.attempt(*words)
        assert (done.returncode, "not up" in done.stderr) == (1, True)
    lab("up")
    assert lab("ssh", "one", "id", "-un") == "root\n"


def test_two_labs_do_not_meet_and_one_survives_the_other(lab: LabCommand, lab_home: Path, tmp_path: Path) -> None:
    for other in raised(tmp_path, lab_home, OTHER, "{}\n", {}):
        assert other.answers("one")
        script = "timeout 2 bash -c ': < /dev/tcp/10.96.31.11/2222' 2>/dev/null && echo yes || echo no"
        assert lab.sh("two", script) == "no"
    assert lab.answers("one")


def test_after_a_loss_of_power_of_the_whole_computer(lab: LabCommand) -> None:
    """As after a reboot: no process, no interface, no namespace, no rules; the disks are there."""
    lab.sh("one", "echo disk > /disk; sync")
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else [b""]
            if words[0].endswith(b"conmon") and any(word.startswith(b"bl.lab-guard.") for word in words):
                children = (folder / "task" / folder.name / "children").read_text().split()
                for process in (folder.name, *children):
                    os.kill(int(process), signal.SIGKILL)
    output("ip", "link", "del", addresses.uplink(IDENTITY))
    output("nft", "delete", "table", "inet", addresses.table(IDENTITY))
    for space in (
        addresses.fabric(IDENTITY),
        addresses.namespace(IDENTITY, "one"),
        addresses.namespace(IDENTITY, "two"),
    ):
        in_lab("ip", "netns", "del", space)
    assert not lab.status()["up"]
    lab("up")
    assert lab.answers("one")
    assert lab("ssh", "two", "hostname") == "two\n"


def test_a_network_of_this_computer_is_refused(lab_home: Path, tmp_path: Path) -> None:
    own = json.loads(output("ip", "-json", "-4", "addr"))
    address = next(info["local"] for link in own if link["ifname"] != "lo" for info in link["addr_info"])
    (tmp_path / "policy.yml").write_text(
        f"organisation: {{id: lab-clash}}\nsites: {{primary: {{machines: {{one: {{address: {address}}}}}}}}}\n"
    )
    done = LabCommand(tmp_path / "policy.yml", lab_home).attempt("up")
    assert done.returncode == 3
    assert "this computer itself uses" in done.stderr
    assert "addresses: {primary:" in done.stderr


def test_a_network_of_another_lab_is_refused(lab: LabCommand, tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text(POLICY.replace("lab-guard", "lab-clash"))
    done = LabCommand(tmp_path / "policy.yml", lab.home).attempt("up")
    assert (done.returncode, "another lab" in done.stderr) == (3, True)


def test_a_lab_of_the_same_name_from_another_policy_is_refused(lab: LabCommand, tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text(POLICY)
    done = LabCommand(tmp_path / "policy.yml", lab.home).attempt("up")
    assert (done.returncode, f"bascule-lab down {lab.policy}" in done.stderr) == (1, True)


def test_wrong_use_is_a_sentence_and_exit_2(lab: LabCommand, tmp_path: Path) -> None:
    done = lab.attempt("kill", "moon")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    done = LabCommand(tmp_path / "nowhere.yml", lab.home).attempt("up")
    assert (done.returncode, "cannot be read" in done.stderr) == (2, True)


def test_down_leaves_nothing(lab: LabCommand) -> None:
    assert len(listing()) >= 10
    lab("down")
    assert listing() == set()
    assert not (lab.home / ".local/state/bascule-lab" / IDENTITY).exists()
    assert not (lab.home / ".config").exists()
    assert (lab.home / "kept").read_text() == "the person's own\n"
    if not any(Path("/run/bascule-lab").glob("labs/*")):
        assert "bascule-lab" not in Path("/proc/self/mounts").read_text()
    lab("down")
