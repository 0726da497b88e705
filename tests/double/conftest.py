# SPDX-License-Identifier: Apache-2.0
"""A moto in this process, with what it gets wrong cured, and a session of the double on it."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bascule_double.session import Session

# Other Pythons run the tests with less installed.
collect_ignore_glob = [] if importlib.util.find_spec("moto") and importlib.util.find_spec("pulumi") else ["test_*.py"]
REGION = "eu-west-3"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests, and credentials of nobody."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "BASCULE_DOUBLE_MACHINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "double",
    "AWS_SECRET_ACCESS_KEY": "double",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of a moto that runs in a thread."""
    from bascule_double.moto.server import server

    made = server(0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="session")
def opened(endpoint: str) -> Session:
    """A session in that moto."""
    from bascule_double import session
    from bascule_double.config import Settings

    return session.opened(Settings(REGION, {"": endpoint}, access_key="double", secret_key="double"), None)


@pytest.fixture
def tagging(opened: Session) -> Session:
    """The same, with tags that the provider puts on everything."""
    return replace(opened, default_tags={"from": "the provider"})
