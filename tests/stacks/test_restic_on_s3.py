# SPDX-License-Identifier: Apache-2.0
"""The real restic on moto, as the office's writer and as a machine of the site, with what the stack lets each of them.

moto is a double of AWS: what it lets through or refuses is not proven on AWS.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    machine_run,
    restic_bucket,
    restic_repository,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from standby_aws.decisions import copies

from bascule_runtime import agent, prune

from .test_identities import client, free_port, wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
REGION, NAME = "eu-west-3", "bascule-p-copies-1a2b3c4"
KEY = "arn:aws:kms:eu-west-3:123456789012:key/k"
WRITER = {"access_key": {"secret": "writer-id"}, "secret_key": {"secret": "writer-key"}}
# Calls of the set-up that moto lets anybody make: see `made`.
FREE_CALLS = 8
Account = tuple[str, dict[str, tuple[str, str]]]


def job(root: Path, side: str = "primary", endpoint: str = "https://s3.eu-west-3.amazonaws.com", **more: Any) -> Job:
    """A call of the module for files whose copies are in a bucket."""
    system = {
        "id": "docs", "type": "files", "group": "work", "machines": {"primary": "fone", "standby": "ftwo"},
        "addresses": {"primary": "10.0.1.1", "standby": "10.0.2.1"}, "settings": {"paths": [f"{root}/srv/docs"]},
        "protections": [{"by": "restic", "every_s": 600, "keep_s": 86400, "key": {"secret": "k"}, "place": "bucket",
                         "repository": "copies/restic-docs"}],
    }  # fmt: skip
    bucket = {"endpoint": endpoint, "name": NAME, "region": REGION, **more.pop("bucket", {})}
    given = {"serving": side, "secrets": {"k": "secret of the copies"}, **more}
    return Job(system=system, side=side, policy="p", root=str(root), options={"bucket": bucket}, **given)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """moto that asks who comes: its endpoint, and the access keys of the `writer` and of a `machine`."""
    if not shutil.which("restic"):
        pytest.skip("restic is not installed")
    port = free_port()
    free = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(FREE_CALLS)}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, env=free, stdout=nothing, stderr=nothing) as moto:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url)
            yield url, made(url)
        finally:
            moto.kill()


def made(url: str) -> dict[str, tuple[str, str]]:
    """A bucket with its history, and two identities that may what the stack lets them."""
    s3, iam, keys = client(url, "s3"), client(url, "iam"), {}
    s3.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    arn = f"arn:aws:s3:::{NAME}"
    for name, document in (("writer", copies.writer_may(arn, KEY)), ("machine", copies.machines_may_use(arn, KEY))):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(motos(document, arn)))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = (key["AccessKeyId"], key["SecretAccessKey"])
    return keys


def motos(document: Any, bucket: str) -> dict[str, Any]:
    """A policy document as moto needs it: for AWS, HEAD of a bucket is `s3:ListBucket`."""
    head = {"Effect": "Allow", "Action": "s3:HeadBucket", "Resource": bucket}
    return {**document, "Statement": [*document["Statement"], head]}


def write(one: Job) -> dict[str, Any]:
    """Make a copy as the agent of a machine does, from the configuration that the module lays."""
    config = Path(one.root) / "agent.json"
    config.write_text(json.dumps(files_agents.configuration(one)))
    argv = [sys.executable, "-m", "bascule_runtime", "copy", "--config", str(config)]
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, timeout=120, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return files_agents.last_copy(one)


def test_written_by_the_writer_and_restored_at_a_chosen_point(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, keys = account
    tree = tmp_path / "srv/docs"
    tree.mkdir(parents=True)
    (tree / "letter").write_text("first")
    office = job(tmp_path, endpoint=url, bucket={"writer": WRITER})
    office.secrets.update(dict(zip(("writer-id", "writer-key"), keys["writer"], strict=True)))
    restic_repository.ensure_password(office)
    beat = Path(office.names.heartbeat)
    beat.parent.mkdir(parents=True)
    beat.write_text(f"{time.time():.3f}\n")
    assert restic_bucket.ensure_writer(office)
    assert restic_repository.snapshots(office) == []
    assert restic_repository.ensure_repository(office)
    assert not restic_repository.ensure_repository(office)
    identity = restic_repository.identity(office)
    assert len(identity) == 16
    first = write(office)
    (tree / "letter").write_text("second")
    write(office)
    points = restic_repository.snapshots(office)
    assert [point["id"] for point in points[1:]] == [str(first["snapshot"])[:8]]
    # The writer leaves no lock behind, and can take nothing else away.
    assert restic_bucket.locks(office) == []
    forget = machine_run.run([*restic_repository.argv(office), "forget", points[0]["id"]], limit_s=5)
    assert forget.code != 0
    assert len(restic_repository.snapshots(office)) == 2
    # A machine of the site: another disk, no key in a file, the role that it has.
    fresh = job(tmp_path / "new", "standby", endpoint=url)
    restic_repository.ensure_password(fresh)
    # Its role would be asked for at an address that only machines of AWS have.
    role = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), keys["machine"], strict=True))
    monkeypatch.setattr(machine_run, "ENVIRONMENT", {**machine_run.ENVIRONMENT, **role})
    assert not restic_repository.ensure_repository(fresh)
    chosen = restic_repository.chosen(restic_repository.snapshots(fresh), first["snapshot"], None, "loss")
    target = tmp_path / "restored"
    restic_repository.restore(fresh, chosen, str(target), [str(tree)], 60, verify=True)
    assert (target / str(tree)[1:] / "letter").read_text() == "first"
    assert restic_repository.identity(fresh) == identity
    # The machine also looks after what is there, as the writer may not.
    config = tmp_path / "prune.json"
    config.write_text(json.dumps(files_agents.configuration(fresh)))
    monkeypatch.setattr(agent, "ENVIRONMENT", {**agent.ENVIRONMENT, **role})
    facts = prune.prune(json.loads(config.read_text())["prune"])
    assert facts["result"] == "ok", facts
    assert len(restic_repository.snapshots(fresh)) == len(points)
