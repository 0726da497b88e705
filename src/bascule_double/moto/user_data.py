# SPDX-License-Identifier: Apache-2.0
"""New user data for an instance (ModifyInstanceAttribute): moto decodes it once too often, and refuses plain text."""

from __future__ import annotations

import base64
import functools
from typing import Any


def cure() -> None:
    """Give what was decoded already back its coding, before moto decodes it."""
    from moto.ec2.exceptions import InvalidUserDataError
    from moto.ec2.responses import instances

    original = vars(instances)["parse_user_data"]

    @functools.wraps(original)
    def parsed(value: Any) -> Any:
        try:
            return original(value)
        except InvalidUserDataError:
            plain = value.encode() if isinstance(value, str) else value
            return original(base64.b64encode(plain).decode())

    vars(instances)["parse_user_data"] = parsed
