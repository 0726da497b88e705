# SPDX-License-Identifier: Apache-2.0
"""What each identity may do with the bucket, asked of moto with its authorisation switched on.

moto is a double of AWS: what it refuses here is not proven on AWS, and it knows no conditions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from standby_aws.decisions import copies

BUCKET = "bascule-atelier-copies"
REPOSITORY = "copies/restic-documents"
KEY = "arn:aws:kms:eu-west-3:123456789012:key/k"
pytestmark = pytest.mark.slow


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def client(url: str, service: str, keys: tuple[str, str] = ("setup", "setup")) -> Any:
    return boto3.client(
        service,
        region_name="eu-west-3",
        endpoint_url=url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def who() -> Iterator[Callable[[str], Any]]:
    """S3 as the `writer`, and as a `machine`."""
    port = free_port()
    # The calls that set up are free: a bucket with its history and two objects, two users with a policy and a key each.
    free = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "10"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, env=free, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _prepared(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.wait()


def _prepared(url: str) -> Callable[[str], Any]:
    wait_for(url)
    s3, iam, keys = client(url, "s3"), client(url, "iam"), {}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for name in (f"{REPOSITORY}/data/ab", f"{REPOSITORY}/locks/1"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
    arn = f"arn:aws:s3:::{BUCKET}"
    may = {"writer": copies.writer_may(arn, KEY), "machine": copies.machines_may_use(arn, KEY)}
    for name, document in may.items():
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(document))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = (made["AccessKeyId"], made["SecretAccessKey"])
    return lambda name: client(url, "s3", keys[name])


def wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            # moto's own page is no call of AWS, so it is not counted.
            urllib.request.urlopen(f"{url}/moto-api/", timeout=2)
        except OSError:
            assert time.monotonic() < until, "moto does not start"
            time.sleep(0.1)
        else:
            return


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return True
    return False


@pytest.mark.parametrize("name", ["writer", "machine"])
def test_both_add_and_read_copies(who: Callable[[str], Any], name: str) -> None:
    s3 = who(name)
    s3.put_object(Bucket=BUCKET, Key=f"{REPOSITORY}/data/{name}", Body=b"copy")
    assert s3.get_object(Bucket=BUCKET, Key=f"{REPOSITORY}/data/{name}")["Body"].read() == b"copy"
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="copies/")["KeyCount"] >= 2


def test_writers_delete_locks_and_nothing_else(who: Callable[[str], Any]) -> None:
    s3 = who("writer")
    assert refused(s3.delete_object, Key=f"{REPOSITORY}/data/ab")
    assert not refused(s3.delete_object, Key=f"{REPOSITORY}/locks/1")
    # A system may have that name, and other methods than restic may have folders of theirs.
    assert refused(s3.delete_object, Key="copies/locks/1")
    assert refused(s3.delete_object, Key="copies/pgbackrest-db/backup/locks/1")


@pytest.mark.parametrize("name", ["writer", "machine"])
def test_nobody_takes_history_away(who: Callable[[str], Any], name: str) -> None:
    s3 = who(name)
    assert refused(s3.delete_object, Key=f"{REPOSITORY}/data/ab", VersionId="1")
    assert refused(s3.put_bucket_versioning, VersioningConfiguration={"Status": "Suspended"})
    assert refused(s3.delete_bucket)


@pytest.mark.parametrize("name", ["writer", "machine"])
def test_nobody_writes_beside_the_copies(who: Callable[[str], Any], name: str) -> None:
    assert refused(who(name).put_object, Key="elsewhere/file", Body=b"x")


def test_machines_tidy_what_is_kept_all_the_same(who: Callable[[str], Any]) -> None:
    """A deletion hides a copy; its older version stays, under the lock."""
    assert not refused(who("machine").delete_object, Key=f"{REPOSITORY}/data/ab")
