# SPDX-License-Identifier: Apache-2.0
"""Tables of what can be dropped in: name → ``module:attribute``, imported when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any


class UnknownKind(LookupError):
    """Nothing of that name is registered; the message is a sentence for the user."""


def registered(table: Mapping[str, str], name: str, what: str) -> Any:
    """Given a table and a name, return the object. Raise UnknownKind, with the known names, when there is none."""
    try:
        module, _, attribute = table[name].partition(":")
    except KeyError:
        raise UnknownKind(f"there is no {what} {name!r} in this version; there is {', '.join(sorted(table))}") from None
    return getattr(importlib.import_module(module), attribute)
