# SPDX-License-Identifier: Apache-2.0
"""The way to moto: clients of boto3, made once each, and what all types need to know of the account."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import botocore.config
import botocore.exceptions

from bascule_double.config import Settings
from bascule_double.errors import DoubleError, Missing
from bascule_double.machines import Machines
from bascule_double.values import Properties

# Nobody answers on this computer in more time than that.
LIMIT_S = 60
# Codes of AWS that mean: it is not there.
GONE = ("NotFound", "NoSuch", "NonExistent", "404")


@dataclass
class Clients:
    """Clients of boto3 by service and region. Making one takes a tenth of a second, and is not safe in threads."""

    settings: Settings
    made: dict[tuple[str, str], Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        with self.lock:
            if (service, region) not in self.made:
                self.made[service, region] = self.make(service, region)
            return self.made[service, region]

    def make(self, service: str, region: str) -> Any:
        """A new client, at the double's endpoint whatever the environment says."""
        settings = self.settings
        session = boto3.Session(
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            aws_session_token=settings.token,
            profile_name=None if settings.access_key else settings.profile,
        )
        config = botocore.config.Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 2},
            inject_host_prefix=False,
            connect_timeout=5,
            read_timeout=LIMIT_S,
            max_pool_connections=32,
        )
        return session.client(service, region_name=region, endpoint_url=settings.endpoint(service), config=config)


@dataclass(frozen=True)
class Session:
    """What the functions of a type are given. `region` is the resource's own, `name` its name in the program."""

    clients: Clients
    region: str
    account: str
    default_tags: Mapping[str, str] = field(default_factory=dict)
    machines: Machines | None = None
    name: str = ""

    def client(self, service: str) -> Any:
        """The client of a service in this region."""
        return self.clients.get(service, self.region)

    def of(self, name: str, properties: Properties) -> Session:
        """The session for one resource: its name, and its region if it has one of its own."""
        return replace(self, name=name, region=properties.get("region") or self.region)

    def tags(self, properties: Properties) -> dict[str, str]:
        """All tags of a resource: the provider's, and its own over them."""
        return {**self.default_tags, **(properties.get("tags") or {})}

    def tag_list(self, properties: Properties) -> list[dict[str, str]]:
        """The same as most services want them: `[{"Key": …, "Value": …}]`."""
        return [{"Key": key, "Value": value} for key, value in self.tags(properties).items()]


def opened(settings: Settings, machines: Machines | None) -> Session:
    """A session of a configuration; asks who it is, as the provider does. Raises DoubleError when that is refused."""
    clients = Clients(settings)
    account = "123456789012"
    if settings.ask_account:
        try:
            account = clients.get("sts", settings.region).get_caller_identity()["Account"]
        except botocore.exceptions.ClientError as error:
            raise DoubleError(
                f"Retrieving AWS account details: validating provider credentials: {said(error)}"
            ) from None
        except botocore.exceptions.BotoCoreError as error:
            raise DoubleError(f"moto does not answer at {settings.endpoint('sts')}: {error}") from None
    if account in settings.forbidden or (settings.allowed and account not in settings.allowed):
        raise DoubleError(f"AWS account ID not allowed: {account}")
    return Session(clients, settings.region, account, settings.default_tags, machines)


def said(error: botocore.exceptions.ClientError) -> str:
    """What AWS said: operation, code, message."""
    answer = error.response.get("Error", {})
    return f"{error.operation_name}: {answer.get('Code', '')}: {answer.get('Message', '')}"


def is_gone(error: botocore.exceptions.ClientError) -> bool:
    """Whether an answer of AWS means that the thing is not there."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return any(part in code for part in GONE)


def only(found: list[Any], what: str) -> Any:
    """The one member of a list. Raises Missing when it is empty."""
    if not found:
        raise Missing(f"{what} is not there.")
    return found[0]


def named_tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """`[{"Key": …, "Value": …}]` as texts by names, without those of AWS itself."""
    return {tag["Key"]: tag["Value"] for tag in tags or [] if not tag["Key"].startswith("aws:")}
