# SPDX-License-Identifier: Apache-2.0
"""The one exception of the lab, and its exit codes."""

from __future__ import annotations

FAILED = 1
USAGE = 2
CANNOT = 3


class LabError(Exception):
    """A plain sentence for the person at the keyboard: what is wrong and what to do.

    `code` is the exit code of the command: 1 failed, 2 wrong use, 3 this computer cannot do it.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
