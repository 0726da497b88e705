# SPDX-License-Identifier: Apache-2.0
"""The way to the account: clients with short limits, and what its refusals mean."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import boto3
from automation.trouble import Trouble, short, understood
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

FAILS = (BotoCoreError, ClientError)
# Services that are asked in one region for all of them.
EVERYWHERE = {"iam": "us-east-1", "route53": "us-east-1", "budgets": "us-east-1"}


@lru_cache(maxsize=32)
def client(service: str, region: str) -> Any:
    """Return a client of a service in a region."""
    limits = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client(service, region_name=EVERYWHERE.get(service, region), config=limits)


def simulated() -> bool:
    """Whether another endpoint than the provider's own answers."""
    return bool(os.environ.get("AWS_ENDPOINT_URL"))


def identity(region: str) -> dict[str, str]:
    """Return `{"account", "arn"}` of the credentials. Raise Trouble when there are none that are good."""
    try:
        found = client("sts", region).get_caller_identity()
    except FAILS as error:
        known = understood(str(error))
        raise (
            known
            if known.reason == "credentials"
            else Trouble("credentials", f"The account cannot be asked who we are: {short(str(error))}")
        ) from error
    return {"account": found["Account"], "arn": found["Arn"]}


def pages(service: str, region: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Return all that an operation lists under `key`, page after page."""
    asked = client(service, region)
    if not asked.can_paginate(operation):
        return list(getattr(asked, operation)(**arguments).get(key) or ())
    return [entry for page in asked.get_paginator(operation).paginate(**arguments) for entry in page.get(key) or ()]


def code(error: Exception) -> str:
    """The code of a refusal, empty where there is none."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
