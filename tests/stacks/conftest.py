# SPDX-License-Identifier: Apache-2.0
"""The stack and its policy pack are programs of their own: their folders are where Python finds their modules.

Tests of the real engine get compiled folders, each with an account of its own behind it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..aws_double import running

ROOT = Path(__file__).parents[2]
for folder in (ROOT / "stacks" / "aws_standby", ROOT / "stacks" / "aws_standby" / "pack", Path(__file__).parent):
    sys.path.insert(0, str(folder))

if TYPE_CHECKING:
    from engine import Folder

# Neither may be found in anything that is written or said.
CANARIES = {
    "PULUMI_CONFIG_PASSPHRASE": "a-passphrase-that-must-not-be-found",
    "AWS_SECRET_ACCESS_KEY": "the-key-of-an-account-that-must-not-be-found",
}


@pytest.fixture(scope="module")
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Folder]]:
    """A function: plan → compiled folder, in front of the double; ``provider``: the folder of another provider."""
    from engine import Folder

    with ExitStack() as accounts:

        def make(plan: Mapping[str, Any], provider: Path | None = None) -> Folder:
            double = accounts.enter_context(running())
            home = tmp_path_factory.mktemp("site")
            chosen = dataclasses.replace(double, double=provider) if provider else double
            return Folder(home, plan, chosen.environment(home, **CANARIES))

        yield make
