# SPDX-License-Identifier: Apache-2.0
"""Machines behind instances: what the command is asked, and when; with a double of the command that keeps files."""

from __future__ import annotations

import json
import os
import shlex
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bascule_double import provider
from bascule_double.errors import DoubleError
from bascule_double.invokes import invoke
from bascule_double.machines import Machines, from_environment
from bascule_double.provider import Asked
from bascule_double.session import Session

from ..processes import ends

pytestmark = pytest.mark.slow
INSTANCE, EIP = Asked("aws:ec2/instance:Instance", "db2"), Asked("aws:ec2/eip:Eip", "link")
COMMAND = """
    # a double of the lab's command: a file for each machine, its state in it; a line for each call
    import json, os, pathlib, sys
    home = pathlib.Path(os.environ["MACHINES_HOME"])
    words = sys.argv[2:]
    options = dict(zip(words[1::2], words[2::2])) if "--public" not in words else None
    if options is None:
        rest = [word for word in words if word != "--public"]
        options = {**dict(zip(rest[1::2], rest[2::2])), "public": True}
    with (home / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\\n")
    if (home / "broken").exists():
        sys.exit("no room on this computer")
    file = home / options.get("--instance", "none")
    answer = {}
    if words[0] == "create":
        data = pathlib.Path(options["--user-data"])
        (home / "user-data").write_text(f"{data.stat().st_mode & 0o777:o} {data.read_text()}")
        file.write_text("running")
        answer = {"public": "198.18.0.11" if options.get("public") else None}
    elif words[0] == "state":
        answer = {"state": file.read_text() if file.exists() else "absent"}
    elif words[0] == "address":
        answer = {"public": {"files2": "198.18.0.13"}.get(options["--name"])}
    else:
        file.write_text({"stop": "stopped", "start": "running", "terminate": "absent"}[words[0]])
    print(json.dumps(answer))
"""


class Lab:
    """The command, and what it was asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        script = home / "lab.py"
        script.write_text(textwrap.dedent(COMMAND))
        self.line = f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} instance"

    def calls(self) -> list[str]:
        return (self.home / "calls").read_text().splitlines()

    def actions(self) -> list[str]:
        """What was done, without the questions."""
        return [line.split()[0] for line in self.calls() if line.split()[0] not in ("state", "address")]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MACHINES_HOME", str(tmp_path))
    return Lab(tmp_path)


@pytest.fixture
def session(opened: Session, lab: Lab) -> Session:
    return replace(opened, machines=from_environment({"BASCULE_DOUBLE_MACHINES": lab.line}))


def inputs(session: Session, **more: Any) -> dict[str, Any]:
    question = {
        "owners": ["136693071363"],
        "filters": [{"name": "name", "values": ["debian-12-*"]}],
        "mostRecent": True,
    }
    image = invoke(session, "aws:ec2/getAmi:getAmi", question)[0]["id"]
    kept, failures = provider.checked(
        INSTANCE,
        {
            "ami": image,
            "instanceType": "t3.small",
            "tags": {"bascule:machine": "db2"},
            "userData": "#cloud-config",
            **more,
        },
        {},
        b"",
        None,
    )
    assert failures == []
    return kept


def test_an_instance_lives_and_dies_with_its_machine(session: Session, lab: Lab) -> None:
    written = inputs(session)
    id_, state = provider.create(INSTANCE, session, written)
    created = lab.calls()[0]
    assert created.startswith(f"create --instance {id_} --name db2 --address {state['privateIp']} --user-data ")
    assert (lab.home / "user-data").read_text() == "600 #cloud-config"
    assert not Path(created.split()[-1]).exists()
    assert state["instanceState"] == "running"
    new = written | {"userData": "#cloud-config\nhostname: a"}
    now = provider.update(INSTANCE, session, id_, state, new)
    assert lab.actions() == ["create", "stop", "start"]
    provider.delete(INSTANCE, session, id_, now)
    assert lab.actions() == ["create", "stop", "start", "terminate"]
    assert provider.read(INSTANCE, session, id_, now, new) is None


def test_an_address_that_is_made_beside_an_instance_is_its_machines(session: Session, lab: Lab) -> None:
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "bascule:machine", "Value": "db2"}]}]
    client = session.client("ec2")
    later = threading.Timer(0.7, lambda: client.allocate_address(Domain="vpc", TagSpecifications=tags))
    later.start()
    try:
        id_, state = provider.create(INSTANCE, session, inputs(session, associatePublicIpAddress=False))
        provider.delete(INSTANCE, session, id_, state)
    finally:
        later.join()
        for one in client.describe_addresses()["Addresses"]:
            client.release_address(AllocationId=one["AllocationId"])
    assert "--public" in lab.calls()[0].split()


def test_a_lost_machine_is_a_lost_instance(session: Session, lab: Lab) -> None:
    written = inputs(session)
    id_, state = provider.create(INSTANCE, session, written)
    (lab.home / id_).write_text("stopped")
    found = provider.read(INSTANCE, session, id_, state, written)
    assert found
    assert found[0]["instanceState"] == "stopped"
    (lab.home / id_).unlink()
    assert provider.read(INSTANCE, session, id_, state, written) is None
    known = session.client("ec2").describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
    assert known["State"]["Name"] == "terminated"


def test_an_instance_whose_machine_cannot_be_made_is_not_there(session: Session, lab: Lab) -> None:
    (lab.home / "broken").touch()
    with pytest.raises(DoubleError, match=r"`create --instance i-.*failed \(exit 1\): no room on this computer"):
        provider.create(INSTANCE, session, inputs(session))
    wanted = [{"Name": "instance-state-name", "Values": ["running"]}]
    assert session.client("ec2").describe_instances(Filters=wanted)["Reservations"] == []


def test_an_address_is_the_one_of_its_machine(session: Session, lab: Lab) -> None:
    id_, state = provider.create(EIP, session, {"domain": "vpc", "tags": {"bascule:machine": "files2"}})
    assert state["publicIp"] == "198.18.0.13"
    machine, of_machine = provider.create(INSTANCE, session, inputs(session, tags={"bascule:machine": "files2"}))
    assert " --public " in lab.calls()[-2]
    other, _state = provider.create(EIP, session, {"domain": "vpc", "tags": {"bascule:machine": "app2"}})
    assert _state["publicIp"].startswith(("198.18.", "198.19."))
    for asked, one, known in ((INSTANCE, machine, of_machine), (EIP, id_, state), (EIP, other, _state)):
        provider.delete(asked, session, one, known)


def test_what_is_no_command_is_said(tmp_path: Path) -> None:
    assert from_environment({}) is None
    with pytest.raises(DoubleError, match="is no command line"):
        from_environment({"BASCULE_DOUBLE_MACHINES": "lab 'half"})
    with pytest.raises(DoubleError, match="/nonexistent cannot be run"):
        Machines(("/nonexistent",)).state("i-1")
    with pytest.raises(DoubleError, match="printed no JSON object: 'hello'"):
        Machines(("/bin/sh", "-c", "echo hello")).state("i-1")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    hanging = Machines(("/bin/sh", "-c", f"sleep 300 & echo $! >{note}; wait"))
    with pytest.raises(DoubleError, match="did not end within 1 s"):
        hanging.run(["state"], 1)
    assert ends(int(note.read_text()))
    assert json.dumps(sorted(os.listdir(tmp_path))) == '["pid"]'
