# SPDX-License-Identifier: Apache-2.0
"""Where the double works, and where it refuses to: never but on this computer, never without saying what it is."""

from __future__ import annotations

import pytest

from bascule_double import SAYS
from bascule_double.config import Settings, settle, unknown_keys
from bascule_double.errors import DoubleError
from bascule_double.machines import Machines
from bascule_double.session import Clients, opened
from bascule_double.types import warning

pytestmark = pytest.mark.slow

HERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}


@pytest.mark.parametrize(
    "url",
    [
        "https://ec2.eu-west-3.amazonaws.com",
        "http://10.0.0.7:5000",
        "http://localhost.example.org:5000",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0:5000",
        "nonsense",
    ],
)
def test_an_endpoint_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(DoubleError, match="refuses the endpoint"):
        settle({"region": "eu-west-3"}, {"AWS_ENDPOINT_URL": url})
    with pytest.raises(DoubleError, match=r"refuses the endpoint .* of s3"):
        settle({"region": "eu-west-3", "endpoints": f'[{{"s3": "{url}"}}]'}, HERE)


def test_without_an_endpoint_it_does_not_start() -> None:
    with pytest.raises(DoubleError, match=r"has no endpoint\. It works on moto on this computer only"):
        settle({"region": "eu-west-3"}, {})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "http://127.8.9.1"]
)
def test_an_endpoint_here_is_taken(url: str) -> None:
    assert settle({"region": "eu-west-3"}, {"AWS_ENDPOINT_URL": url}).endpoint("ec2") == url


def test_a_service_without_an_endpoint_is_never_asked_at_aws() -> None:
    only_s3 = settle({"region": "eu-west-3", "endpoints": '[{"s3": "http://127.0.0.1:5001"}]'}, {})
    assert only_s3.endpoint("s3") == "http://127.0.0.1:5001"
    with pytest.raises(DoubleError, match="no endpoint for ec2"):
        Clients(only_s3).get("ec2", "eu-west-3")


@pytest.mark.parametrize(
    ("config", "environment", "region"),
    [
        ({"region": "eu-west-3"}, {"AWS_REGION": "eu-west-1"}, "eu-west-3"),
        ({}, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({}, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"region": "mars-1", "skipRegionValidation": "true"}, {}, "mars-1"),
    ],
)
def test_the_region_is_taken_as_the_provider_takes_it(
    config: dict[str, str], environment: dict[str, str], region: str
) -> None:
    assert settle(config, HERE | environment).region == region


@pytest.mark.parametrize(("config", "words"), [({}, "No region"), ({"region": "mars-1"}, "Invalid AWS Region: mars-1")])
def test_a_region_that_is_none_is_refused(config: dict[str, str], words: str) -> None:
    with pytest.raises(DoubleError, match=words):
        settle(config, HERE)


def test_credentials_are_needed_as_the_provider_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(DoubleError, match="No valid credential sources found"):
        settle({"region": "eu-west-3"}, HERE)
    assert settle({"region": "eu-west-3", "accessKey": "a", "secretKey": "b"}, HERE).access_key == "a"


def test_keys_that_are_not_known_are_named() -> None:
    assert unknown_keys({"region": "x", "version": "7", "s3ForcePathStyle": "true"}) == ["s3ForcePathStyle"]


def test_moto_that_does_not_answer_is_said() -> None:
    with pytest.raises(DoubleError, match=r"moto does not answer at http://127\.0\.0\.1:9"):
        opened(Settings("eu-west-3", {"": "http://127.0.0.1:9"}, access_key="a", secret_key="b"), None)


def test_it_says_what_it_is_and_what_is_behind_it() -> None:
    settings = Settings("eu-west-3", {"": "http://127.0.0.1:5000"})
    alone, machines = warning(settings, None), warning(settings, Machines(("bascule-lab", "instance")))
    assert alone.startswith(f"{SAYS}: nothing of this is AWS.")
    assert "no machine runs" in alone
    assert "instances are machines made by `bascule-lab`" in machines
