# SPDX-License-Identifier: Apache-2.0
"""What a machine is told at its first boot, and the two programs that are laid on it."""

from __future__ import annotations

import datetime
import http.server
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import yaml
from decided import ASKED, PUBLIC_KEY, decide
from plans import READINESS, ROOT
from standby_aws.decisions.user_data import LONGEST
from standby_aws.decisions.watch import METRIC, NAMESPACE

MACHINE = ROOT / "stacks" / "aws_standby" / "standby_aws" / "machine"


def told(name: str, readiness: str = "pilot", what: str = "activate") -> dict[str, Any]:
    text = decide(readiness, what).compute.machines[name].user_data
    assert text.startswith("#cloud-config\n")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def test_who_may_log_in() -> None:
    content = told("db2")
    assert content["users"] == [
        {
            "name": "dr",
            "gecos": "Continuity",
            "shell": "/bin/bash",
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "lock_passwd": True,
            "ssh_authorized_keys": [PUBLIC_KEY],
        }
    ]
    assert content["hostname"] == "db2"
    assert content["ssh_pwauth"] is False


def test_where_data_live() -> None:
    first = "/usr/local/lib/bascule-standby/first-boot"
    assert told("db2")["runcmd"] == [[first, "volume", "/var/lib/bascule", "/var/lib/postgresql"]]
    assert told("app2")["runcmd"] == [[first, "none"]]


def test_which_ages_are_reported() -> None:
    files = {one["path"]: one for one in told("db2")["write_files"]}
    report = json.loads(files["/etc/bascule-copy-age.json"]["content"])
    assert report == {
        "region": "eu-west-3",
        "policy": "atelier",
        "copies": {"erp-db": "/var/lib/bascule/copies/atelier/erp-db"},
    }
    assert [one["path"] for one in told("app2")["write_files"]] == ["/usr/local/lib/bascule-standby/first-boot"]
    assert [one["path"] for one in told("db2", what="drill")["write_files"]] == [
        "/usr/local/lib/bascule-standby/first-boot"
    ]


@pytest.mark.parametrize("readiness", READINESS)
@pytest.mark.parametrize("what", ASKED)
def test_nothing_secret_and_not_too_long(readiness: str, what: str) -> None:
    for machine in decide(readiness, what).compute.machines.values():
        assert len(machine.user_data.encode()) < LONGEST
        assert "secret" not in machine.user_data.lower().replace("secretaccesskey", "")


@pytest.fixture(scope="module")
def copy_age() -> ModuleType:
    specification = importlib.util.spec_from_file_location("copy_age", MACHINE / "copy_age.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_newest_copy_is_found_and_locks_are_none(copy_age: ModuleType, tmp_path: Path) -> None:
    assert copy_age.newest(tmp_path) is None
    for name, at in (("snapshots/old", 1000), ("snapshots/new", 2000), ("locks/now", 3000)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (at, at))
    assert copy_age.newest(tmp_path) == 2000


def test_a_request_is_signed_as_aws_signs_it(copy_age: ModuleType) -> None:
    """The same request signed by AWS's own library has the same signature."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    keys = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalr/example", "Token": "token=="}
    body = copy_age.metrics("atelier", {"erp-db": 12.4})
    now = datetime.datetime(2027, 1, 31, 12, 0, 0, tzinfo=datetime.UTC)
    ours = copy_age.signed(keys, "eu-west-3", "monitoring.eu-west-3.amazonaws.com", body, now)
    theirs = AWSRequest(
        "POST",
        "https://monitoring.eu-west-3.amazonaws.com/",
        data=body,
        headers={name: value for name, value in ours.items() if name not in ("authorization", "x-amz-security-token")},
    )
    theirs.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials(*keys.values()), "monitoring", "eu-west-3")
    theirs.headers["X-Amz-Security-Token"] = keys["Token"]
    canonical = signer.canonical_request(theirs)
    signature = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    assert ours["authorization"].endswith(signature)


class Ec2(http.server.BaseHTTPRequestHandler):
    """The metadata service of a machine and CloudWatch, as doubles on one port."""

    heard: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_PUT(self) -> None:
        self._answer("a-token")

    def do_GET(self) -> None:
        assert self.headers["X-aws-ec2-metadata-token"] == "a-token"
        keys = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalr/example", "Token": "token=="}
        self._answer(json.dumps(keys) if self.path.endswith("/a-role") else "a-role")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.heard.append((self.headers["Authorization"], dict(urllib.parse.parse_qsl(body))))
        self._answer("<PutMetricDataResponse/>")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_ages_reach_the_alarm(tmp_path: Path) -> None:
    """The metric that is sent has the name and the dimensions that the alarm looks at."""
    Ec2.heard.clear()
    (tmp_path / "erp-db").mkdir()
    (tmp_path / "erp-db" / "copy").write_text("x")
    told = {"region": "eu-west-3", "policy": "atelier"}
    told["copies"] = {"erp-db": str(tmp_path / "erp-db"), "empty": str(tmp_path / "nothing")}  # type: ignore[assignment]
    (tmp_path / "told.json").write_text(json.dumps(told))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ec2) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_address[1]}"
        subprocess.run(
            [sys.executable, str(MACHINE / "copy_age.py"), str(tmp_path / "told.json")],
            env={**os.environ, "AWS_EC2_METADATA_SERVICE_ENDPOINT": here, "AWS_ENDPOINT_URL_CLOUDWATCH": here},
            check=True,
            timeout=60,
        )
        server.shutdown()
    ((authorization, fields),) = Ec2.heard
    assert "Credential=AKIDEXAMPLE/" in authorization
    assert (fields["Namespace"], fields["MetricData.member.1.MetricName"]) == (NAMESPACE, METRIC)
    found = {fields[f"MetricData.member.1.Dimensions.member.{n}.{part}"] for n in (1, 2) for part in ("Name", "Value")}
    assert found == {"Policy", "atelier", "System", "erp-db"}
    assert not any(name.startswith("MetricData.member.2") for name in fields)
    assert float(fields["MetricData.member.1.Value"]) < 3600


def test_who_makes_copies_elsewhere_reports_when_the_last_whole_one_was_begun(tmp_path: Path) -> None:
    """With the access key of a file, and no role: that machine is not in AWS."""
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = AKIDOFFICE\naws_secret_access_key = a/b+c%d\n")
    (tmp_path / "plans.json").write_text(json.dumps({"result": "failed", "ok_at": time.time() - 4000}))
    told = {"region": "eu-west-3", "policy": "cold", "keys": str(tmp_path / "keys")}
    told["states"] = {"plans": str(tmp_path / "plans.json"), "new": str(tmp_path / "none.json")}  # type: ignore[assignment]
    Ec2.heard.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ec2) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told["endpoint"] = f"http://127.0.0.1:{server.server_address[1]}"
        (tmp_path / "told.json").write_text(json.dumps(told))
        report = [sys.executable, "-I", str(MACHINE / "copy_age.py"), str(tmp_path / "told.json")]
        subprocess.run(report, env={"AWS_ENDPOINT_URL_CLOUDWATCH": "http://127.0.0.1:1"}, check=True, timeout=60)
        server.shutdown()
    ((authorization, fields),) = Ec2.heard
    assert "Credential=AKIDOFFICE/" in authorization
    assert "x-amz-security-token" not in authorization
    assert {name: value for name, value in fields.items() if name.endswith("Value") and "Dim" in name} == {
        "MetricData.member.1.Dimensions.member.1.Value": "cold",
        "MetricData.member.1.Dimensions.member.2.Value": "plans",
    }
    assert 4000 <= float(fields["MetricData.member.1.Value"]) < 4100


def test_programs_are_sound_and_old_pythons_read_them() -> None:
    import ast

    ast.parse((MACHINE / "copy_age.py").read_text(), feature_version=(3, 9))
    subprocess.run(["sh", "-n", str(MACHINE / "first_boot.sh")], check=True, timeout=10)


def first_boot(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with doubles of the programs that would change this computer; each writes down what it was asked."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    doubles = {"sudo": "", "apt-get": "exit 1", "systemctl": "", "mount": "", "mkfs.ext4": "", "sleep": ""}
    doubles |= {
        "wipefs": f"cat {folder}/signs",
        "lsblk": "echo /dev/nvme0n1p1 part; echo /dev/nvme0n1 disk",
        "findmnt": "",
    }
    for name, does in doubles.items():
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{folder}/asked\n{does}\n')
        (tools / name).chmod(0o755)
    return subprocess.run(
        ["sh", str(MACHINE / "first_boot.sh"), *arguments],
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "ROOT": str(folder / "root"),
            "DISKS": str(folder / "disks"),
            "CLOUD": "aws",
            "WAIT_S": "4",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A machine in a folder: a system disk, a blank data disk, a folder of PostgreSQL."""
    for name in ("root/etc", "root/srv", "root/var/lib/postgresql", "disks", "dev"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "root/var/lib/postgresql/file").write_text("kept")
    (tmp_path / "root/etc/fstab").write_text("")
    (tmp_path / "signs").write_text("")
    (tmp_path / "dev/data").write_text("")
    (tmp_path / "disks/nvme-Amazon_Elastic_Block_Store_vol01-part1").symlink_to("/dev/null")
    (tmp_path / "disks/nvme-Amazon_Elastic_Block_Store_vol02").symlink_to(tmp_path / "dev/data")
    return tmp_path


def asked(host: Path) -> list[str]:
    return (host / "asked").read_text().splitlines()


def test_a_blank_volume_is_made_and_folders_move_to_it(host: Path) -> None:
    ended = first_boot(host, "volume", "/var/lib/postgresql")
    assert ended.returncode == 0, ended.stderr
    assert f"mkfs.ext4 -q -L bascule-data {host}/dev/data" in asked(host)
    assert (host / "root/srv/.data/var/lib/postgresql/file").read_text() == "kept"
    fstab = (host / "root/etc/fstab").read_text().splitlines()
    assert [line.split()[1] for line in fstab] == ["/srv", "/var/lib/postgresql"]
    assert all("nofail" in line for line in fstab)


def test_a_volume_with_data_is_never_made_anew(host: Path) -> None:
    (host / "signs").write_text("DEVICE OFFSET TYPE UUID LABEL\nx 0x438 ext4 y bascule-data\n")
    (host / "root/srv/.data/var/lib/postgresql").mkdir(parents=True)
    assert first_boot(host, "volume", "/var/lib/postgresql").returncode == 0
    assert not any(line.startswith("mkfs") for line in asked(host))
    # What the new machine had is not laid over the data of the one before.
    assert list((host / "root/srv/.data/var/lib/postgresql").iterdir()) == []


def test_a_second_time_changes_nothing(host: Path) -> None:
    first_boot(host, "volume", "/var/lib/postgresql")
    before = (host / "root/etc/fstab").read_text()
    assert first_boot(host, "volume", "/var/lib/postgresql").returncode == 0
    assert (host / "root/etc/fstab").read_text() == before


def test_a_volume_that_does_not_come_is_an_error(host: Path) -> None:
    (host / "disks/nvme-Amazon_Elastic_Block_Store_vol02").unlink()
    ended = first_boot(host, "volume", "/var/lib/postgresql")
    assert ended.returncode == 1
    assert "no data volume after 4 s" in ended.stderr


def test_elsewhere_than_on_ec2_nothing_is_waited_for(host: Path) -> None:
    (host / "disks/nvme-Amazon_Elastic_Block_Store_vol02").unlink()
    assert first_boot(host, "volume", "/var/lib/postgresql", CLOUD="nocloud").returncode == 0


def test_ages_are_reported_by_machines_that_have_copies(host: Path) -> None:
    (host / "root/etc/bascule-copy-age.json").write_text("{}")
    first_boot(host, "none")
    assert "systemctl enable --now --no-block bascule-copy-age.timer" in asked(host)
