# SPDX-License-Identifier: Apache-2.0
"""The same program with the vendor's provider, where it is installed: the same operations on the same URNs.

The golden previews were made with our double of that provider; here it is seen whether the vendor's agrees. AWS itself
is not asked for anything: what answers is moto.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from engine import Folder, listing
from plans import READINESS, plan

GOLDEN = Path(__file__).parent / "previews"
PLUGINS = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins"
pytestmark = pytest.mark.engine


def vendors() -> Path | None:
    """The folder of the newest vendor's provider of version 7 that is installed."""
    found = [path for path in PLUGINS.glob("resource-aws-v7.*") if (path / "pulumi-resource-aws").is_file()]
    return max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)], default=None)


@pytest.mark.parametrize("readiness", READINESS)
@pytest.mark.parametrize("what", ["protect", "drill"])
def test_the_vendors_provider_agrees(readiness: str, what: str, make_folder: Callable[..., Folder]) -> None:
    provider = vendors()
    if provider is None:
        pytest.skip(f"the vendor's provider is not installed (pulumi plugin install resource aws; {PLUGINS})")
    folder = make_folder(plan(readiness), provider=provider)
    assert listing(folder.preview(what)) == (GOLDEN / f"{readiness}-{what}.txt").read_text()
    assert "provider: double" not in folder.said[-1]
