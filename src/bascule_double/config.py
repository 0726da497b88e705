# SPDX-License-Identifier: Apache-2.0
"""What the provider is configured with: region, endpoint and credentials.

They come from its configuration or from the environment, as the real provider takes them. An endpoint that is not on
this computer is refused: nothing here is for a real account.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions

from bascule_double.errors import DoubleError
from bascule_double.values import Properties

# Configuration keys of the provider that the double takes (pulumi_aws.ProviderArgs), and those that the engine adds.
TAKEN = frozenset(
    {
        "region", "endpoints", "accessKey", "secretKey", "token", "profile", "defaultTags", "allowedAccountIds",
        "forbiddenAccountIds", "maxRetries", "s3UsePathStyle", "sharedConfigFiles", "sharedCredentialsFiles",
        "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId",
    }
)  # fmt: skip
ADDED = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "__internal", "__defaults"})
# How the provider and boto3 call the same service (pulumi_aws.config.outputs.Endpoints).
SERVICE_NAMES = {"elbv2": "elb"}


@dataclass(frozen=True)
class Settings:
    """A configuration that was looked through. `endpoints` is by service; "" is the one for the rest."""

    region: str
    endpoints: Mapping[str, str]
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None
    profile: str | None = None
    default_tags: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    ask_account: bool = True

    def endpoint(self, service: str) -> str:
        """The address of a service's moto. Raises DoubleError when there is none."""
        found = self.endpoints.get(SERVICE_NAMES.get(service, service)) or self.endpoints.get("")
        if not found:
            raise DoubleError(f"The double has no endpoint for {service}. {ENDPOINT_ADVICE}")
        return found


ENDPOINT_ADVICE = (
    "It works on moto on this computer only, never on an account: start it with `bascule-double serve --port 5000` "
    "and set AWS_ENDPOINT_URL=http://127.0.0.1:5000."
)


def unknown_keys(config: Properties) -> list[str]:
    """Keys of a configuration that the double does not take, sorted."""
    return sorted(set(config) - TAKEN - ADDED)


def settle(config: Properties, environment: Mapping[str, str] = os.environ) -> Settings:
    """Look a configuration through. Raises DoubleError: no region, no credentials, no endpoint on this computer."""
    decoded = {key: decode(value) for key, value in config.items()}
    profile = decoded.get("profile") or environment.get("AWS_PROFILE")
    region = decoded.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    settings = Settings(
        region=checked_region(region or region_of(profile), bool(decoded.get("skipRegionValidation"))),
        endpoints=checked_endpoints(decoded.get("endpoints") or [], environment),
        access_key=decoded.get("accessKey"),
        secret_key=decoded.get("secretKey"),
        token=decoded.get("token"),
        profile=profile,
        default_tags=(decoded.get("defaultTags") or {}).get("tags") or {},
        allowed=tuple(decoded.get("allowedAccountIds") or ()),
        forbidden=tuple(decoded.get("forbiddenAccountIds") or ()),
        ask_account=not decoded.get("skipCredentialsValidation"),
    )
    check_credentials(settings)
    return settings


def decode(value: Any) -> Any:
    """A value of a provider's configuration: all that is not a text comes as JSON in a text."""
    if (isinstance(value, str) and value[:1] in "[{") or value in ("true", "false"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def checked_endpoints(written: list[Properties], environment: Mapping[str, str]) -> dict[str, str]:
    """Endpoints by service, configured and from AWS_ENDPOINT_URL. Raises DoubleError when one is not on loopback."""
    found = {service: url for entry in written for service, url in entry.items() if url}
    if url := environment.get("AWS_ENDPOINT_URL"):
        found.setdefault("", url)
    if not found:
        raise DoubleError(f"The double has no endpoint. {ENDPOINT_ADVICE}")
    for service, url in found.items():
        if not on_loopback(url):
            raise DoubleError(
                f"The double refuses the endpoint {url}{f' of {service}' if service else ''}. {ENDPOINT_ADVICE}"
            )
    return found


def on_loopback(url: str) -> bool:
    """Whether an address is one of this computer, by number or as `localhost`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def region_of(profile: str | None) -> str | None:
    """The region that the user's AWS configuration gives, None when it gives none."""
    try:
        found = boto3.Session(profile_name=profile).region_name
    except botocore.exceptions.ProfileNotFound as error:
        raise DoubleError(f"{error}.") from None
    return str(found) if found else None


def checked_region(region: str | None, skip: bool) -> str:
    """The region, when there is one and AWS has it. Raises DoubleError."""
    if not region:
        raise DoubleError("No region: set aws:region, or the environment variable AWS_REGION.")
    known = boto3.Session().get_available_regions("ec2")
    if not skip and region not in known:
        raise DoubleError(f"Invalid AWS Region: {region}.")
    return region


def check_credentials(settings: Settings) -> None:
    """Raises DoubleError when there are no credentials at all: the real provider would stop here too."""
    if settings.access_key or settings.profile:
        return
    if boto3.Session().get_credentials() is None:
        raise DoubleError(
            "No valid credential sources found. The double needs some too, since the real provider does; any will do "
            "(AWS_ACCESS_KEY_ID=double AWS_SECRET_ACCESS_KEY=a-secret-of-nobody), and real ones are never needed."
        )
