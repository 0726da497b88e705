# SPDX-License-Identifier: Apache-2.0
"""Locks on a state, read where the engine's own backend lays them: asking by an attempt would come too late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from automation.lock import Hold, moment

FILE, BUCKET = "file://", "s3://"


def holds(state: str, project: str, stack: str) -> list[Hold]:
    """Return the locks on a stack's state, by its URL. Raise OSError or a failure of boto3 when that cannot be read."""
    inside = f".pulumi/locks/organization/{project}/{stack}/"
    texts = _of_folder(state, inside) if state.startswith(FILE) else _of_bucket(state, inside)
    return [_hold(json.loads(text)) for text in texts]


def _of_folder(state: str, inside: str) -> Iterator[str]:
    folder = Path(state.partition("?")[0].removeprefix(FILE)).expanduser() / inside
    for path in sorted(folder.glob("*.json")):
        yield path.read_text(encoding="utf-8")


def _of_bucket(state: str, inside: str) -> Iterator[str]:
    import boto3

    url = urlsplit(state)
    said = {name: values[-1] for name, values in parse_qs(url.query).items()}
    endpoint = said.get("endpoint")
    if endpoint and "//" not in endpoint:
        endpoint = f"{'http' if said.get('disableSSL') == 'true' else 'https'}://{endpoint}"
    asked = boto3.client("s3", region_name=said.get("region"), endpoint_url=endpoint)
    prefix = f"{url.path.strip('/')}/{inside}".lstrip("/")
    for entry in asked.list_objects_v2(Bucket=url.netloc, Prefix=prefix).get("Contents") or ():
        if entry["Key"].endswith(".json"):
            yield asked.get_object(Bucket=url.netloc, Key=entry["Key"])["Body"].read().decode()


def _hold(lock: dict[str, Any]) -> Hold:
    at = str(lock["timestamp"])
    return Hold(str(lock["username"]), str(lock["hostname"]), int(lock["pid"]), moment(at), at)
