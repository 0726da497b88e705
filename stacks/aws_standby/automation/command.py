# SPDX-License-Identifier: Apache-2.0
"""Pulumi's command line as this bridge runs it: it is never asked for a secret in plain text."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

from pulumi.automation import CommandResult, LocalWorkspace, OutputMap, PulumiCommand

from automation.trouble import Trouble

PLAIN = "--show-secrets"


class Quiet(PulumiCommand):  # type: ignore[misc]
    """Runs `pulumi` and takes the wish for plain secrets out of whatever it is asked."""

    def run(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str], on_output: Any = None, on_error: Any = None
    ) -> CommandResult:
        """As the command it stands for; raise `CommandError` when that fails."""
        kept = [argument for argument in args if argument.partition("=")[0] != PLAIN]
        return super().run(kept, cwd, additional_env, on_output, on_error)


class Workspace(LocalWorkspace):  # type: ignore[misc]
    """A folder with a program. Outputs are asked for once, since the second question would be for plain secrets."""

    def stack_outputs(self, stack_name: str) -> OutputMap:
        """No plain outputs by this way: see `outputs`."""
        return {}


def command() -> Quiet:
    """Return the command line of Pulumi that is on PATH. Raise Trouble when there is none that can be used."""
    if shutil.which("pulumi") is None:
        raise Trouble(
            "no-engine",
            "The program pulumi is not on PATH on this controller, so nothing can be built from here. Install it as "
            "docs/cloud.md says, or start from a controller that has it.",
        )
    os.environ["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    try:
        return Quiet()
    except Exception as error:
        raise Trouble("no-engine", f"The program pulumi cannot be used here: {error}") from error
