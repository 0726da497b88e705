# SPDX-License-Identifier: Apache-2.0
"""The one exception of the double, and the exit codes of its command."""

from __future__ import annotations

FAILED = 1
USAGE = 2
CANNOT = 3


class DoubleError(Exception):
    """A plain sentence: what is wrong and what to do. `code` is the exit code of the command, where there is one."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class Missing(DoubleError):
    """A thing of the account that is not there (any more)."""
