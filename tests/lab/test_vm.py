# SPDX-License-Identifier: Apache-2.0
"""Three guests on two real hypervisors, in one lab: obstacles, damage, the loss of a host, and the way home.

The tests follow one another, as a firm's year does. Guests are emulated: nothing here is about seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import said

pytestmark = [pytest.mark.lab_full]
SAMPLE = Path(__file__).parents[2] / "examples/atelier-vm"
RESTART, NEWS = {"restart": "allowed"}, {"only": "news"}
GUESTS = ("directory", "erp-vm", "intranet")
# What keeps a guest from this host: its name and its address are taken, its network is not there, there is no room.
OBSTACLES = """set -e
echo "<domain type='qemu'><name>intranet</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>" > /run/foreign.xml
virsh -q define /run/foreign.xml
ip addr add 10.99.2.23/24 dev br0
ip link set br0 name br9
mount -t tmpfs -o size=64m none /var/lib/libvirt/images"""
NO_OBSTACLES = """umount /var/lib/libvirt/images
ip link set br9 name br0
ip addr del 10.99.2.23/24 dev br0
virsh -q undefine intranet"""
STATES = "for guest in directory erp-vm intranet; do virsh domstate $guest 2>/dev/null || echo absent; done"
DEFINITIONS = "for guest in directory erp-vm intranet; do virsh dumpxml --inactive $guest; done"
COPIES = "/var/lib/bascule/copies/atelier-vm"
NEWEST_PACK = "ls -S $(ls -t $(find {}/{}/data -type f) | head -2) | head -1"
COPY = "systemctl start bascule-point-atelier-vm-{}"
READ_BACK = "systemctl start bascule-forward-atelier-vm-{} || true"
# Of the guest whose changed blocks are copied, at home: all blocks of its chain, and what the last copy came to.
CHAIN = "ls /var/lib/bascule/atelier-vm/chains/erp-vm/*/*.full.data"
LAST_COPY = "cat /var/lib/bascule/atelier-vm/state/erp-vm.copy.json"


# The agent of a guest is told to end itself; nothing but a boot brings it back.
NO_AGENT = """virsh -q qemu-agent-command intranet '{"execute": "guest-exec", "arguments": {"path": "/bin/systemctl",
"arg": ["stop", "qemu-guest-agent"]}}' >/dev/null"""
# It answers long before the guest serves users.
AGENT = """virsh -q destroy intranet && virsh -q start intranet
for _ in $(seq 120); do
virsh -q qemu-agent-command intranet '{"execute": "guest-ping"}' >/dev/null 2>&1 &&
timeout 2 bash -c '</dev/tcp/10.99.1.23/80' 2>/dev/null && exit; sleep 1; done; exit 1"""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started(SAMPLE, tmp_path_factory.mktemp("vm")) as cycle:
        yield cycle


def states(firm: Cycle, host: str) -> list[str]:
    """What each of the guests is on a host."""
    return [line for line in firm.rehearsal.on(host, STATES).splitlines() if line.strip()]


def test_what_keeps_a_guest_from_the_other_host_is_said_before_anything_is_begun(firm: Cycle) -> None:
    firm.rehearsal.on("host2", OBSTACLES)
    try:
        run = firm.rehearsal.driver("build", extra={**RESTART, **NEWS})
    finally:
        firm.rehearsal.on("host2", NO_OBSTACLES)
    assert run.outcome.exit == 2
    log = run.outcome.log.read_text(errors="replace")
    for sentence in (
        "This host has no network br0, which stands for br0.",
        "There is a guest intranet on this host that is not ours. Give one of them another name.",
        "Something answers at 10.99.2.23 already, and it is not the guest, which does not run here.",
        "/var/lib/libvirt/images has … GB free, the images of the guest take …",
    ):
        assert said(sentence, log), f"{sentence}\n{log}"
    assert states(firm, "host1") == ["running"] * 3
    assert states(firm, "host2") == ["absent"] * 3


def test_guests_are_protected_and_stay_as_they_are(firm: Cycle) -> None:
    before = firm.rehearsal.on("host1", DEFINITIONS)
    firm.drive("build", extra=RESTART)
    assert firm.rehearsal.on("host1", DEFINITIONS) == before
    assert states(firm, "host1") == ["running"] * 3
    firm.drive("status")


def test_a_guest_whose_agent_is_silent_is_copied_as_after_a_power_cut_and_that_is_said(firm: Cycle) -> None:
    firm.rehearsal.on("host1", NO_AGENT)
    firm.rehearsal.on("host1", COPY.format("intranet"))
    run = firm.rehearsal.driver("status", extra=NEWS)
    log = run.outcome.log.read_text(errors="replace")
    assert run.outcome.exit == 2, log
    assert said("Copies of intranet are as after a power cut: …", log), log
    firm.rehearsal.on("host1", AGENT, limit_s=150)


def test_a_host_that_cannot_be_stopped_keeps_its_guests(firm: Cycle) -> None:
    firm.rehearsal.on("host1", "systemctl stop ssh.socket ssh.service")
    try:
        run = firm.rehearsal.driver("activate", env=DECLARE, extra=NEWS)
    finally:
        firm.rehearsal.on("host1", "systemctl start ssh.service")
    log = run.outcome.log.read_text(errors="replace")
    assert run.outcome.exit != 0, log
    assert said("The primary still answers users (intranet) and its machines cannot be reached to stop it", log), log
    assert "running" not in states(firm, "host2")


def test_a_chain_into_which_somebody_wrote_is_begun_anew_and_not_sent(firm: Cycle) -> None:
    def copied() -> dict[str, str]:
        firm.rehearsal.on("host1", COPY.format("erp-vm"))
        return dict(json.loads(firm.rehearsal.on("host1", LAST_COPY)))

    assert copied()["level"] == "inc"
    firm.rehearsal.on("host1", cycles.FLIP, firm.rehearsal.on("host1", CHAIN).strip())
    facts = copied()
    assert (facts["result"], facts["level"]) == ("ok", "full")
    assert "was changed after it was written" in facts["mended"]
    assert copied()["level"] == "inc"
    firm.rehearsal.on("host2", READ_BACK.format("erp-vm"))
    firm.drive("status")


def test_a_damaged_copy_is_found_and_passed_over_when_a_host_is_lost(firm: Cycle) -> None:
    with ExitStack() as damage:
        for guest in ("intranet", "erp-vm"):  # whole images, and a chain of changed blocks
            firm.rehearsal.on("host1", COPY.format(guest))
            damage.enter_context(cycles.damaged(firm, "host2", NEWEST_PACK.format(COPIES, guest)))
            firm.rehearsal.on("host2", READ_BACK.format(guest))
        run = firm.rehearsal.driver("status")
        log = run.outcome.log.read_text(errors="replace")
        for guest in ("intranet", "erp-vm"):
            told = f"The newest copy … of {guest} is damaged: an activation now would take …, … older."
            assert said(told, log), log
        firm.rehearsal.lab("kill", "primary")
        firm.drive("activate", env=DECLARE)
    log = firm.runs["activate"].outcome.log.read_text(errors="replace")
    for count, guest in (("1 newer copy", "intranet"), ("newer cop…", "erp-vm")):  # another may have come meanwhile
        told = f"{count} of {guest} could not be read back (…). … was taken instead, … older: what was written in"
        assert said(f"{told} between is lost.", log), log
    cycles.expect_usable(firm, "activate", ("kept", "not_shown"))
    assert states(firm, "host2") == ["running"] * 3
    firm.drive("verify")


def test_a_guest_is_never_started_twice(firm: Cycle) -> None:
    firm.rehearsal.lab("start", "primary")
    assert "running" not in states(firm, "host1")
    for guest in GUESTS:
        told = firm.rehearsal.on("host1", f"virsh start {guest} 2>&1 || echo refused with $?")
        assert "refused with 1" in told, told
        assert said(f"{guest} is protected and was not released to run on this host", told), told
    assert "running" not in states(firm, "host1")


def test_they_come_home_with_what_differs_alone(firm: Cycle) -> None:
    firm.drive("failback")
    cycles.expect_usable(firm, "failback", ("kept", "not_shown"))
    assert states(firm, "host1") == ["running"] * 3
    assert "running" not in states(firm, "host2")
    moved = {entry["id"]: entry for entry in firm.runs["failback"].report["brought_home"]}
    assert set(moved) == set(GUESTS)
    for entry in moved.values():
        assert 0 < entry["bytes"] < entry["whole_bytes"] / 4, entry
    firm.drive("verify")


def test_both_hosts_are_left_as_they_were(firm: Cycle) -> None:
    firm.drive("teardown", extra=RESTART)
    cycles.expect_nothing_left(firm)
    assert states(firm, "host1") == ["running"] * 3
    assert states(firm, "host2") == ["absent"] * 3
    assert not firm.rehearsal.on("host1", "ls /etc/libvirt/hooks 2>/dev/null; true").strip()
