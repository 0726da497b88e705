# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to JSON values and back, by their type hints."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """Given a dataclass, mapping, tuple or JSON scalar, return the JSON value, keys in the order of declaration."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: encode(getattr(value, name)) for name in _names(type(value))}
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def decode(hint: Any, value: Any) -> Any:
    """Given a hint made of dataclasses, ``tuple[T, ...]``, ``Mapping[str, T]`` and ``T | None``, return the object.

    Keys that the dataclass does not know are left out, so that a newer minor version stays readable.
    Raises TypeError when a key is missing that has no default.
    """
    origin = get_origin(hint)
    if origin in (types.UnionType, Union):
        present = next(part for part in get_args(hint) if part is not type(None))
        return None if value is None else decode(present, value)
    if origin is tuple:
        return tuple(decode(get_args(hint)[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: decode(get_args(hint)[1], item) for key, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint(**{name: decode(kind, value[name]) for name, kind in _hints(hint).items() if name in value})
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
