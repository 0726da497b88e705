# SPDX-License-Identifier: Apache-2.0
"""Values as the engine sends them, and as the double works with them.

On the wire a value is a protobuf Struct: all numbers are floats, a value that is not known yet is a certain text, and a
secret may be wrapped in an object with a signature. Here a value is None, bool, int, float, str, list, dict or UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]
# The texts and signatures of the protocol (pulumi/sdk/go/common/resource/plugin/rpc.go and resource/sig).
UNKNOWN_TEXTS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "030794c1-ac77-496b-92df-f27374a8bd58",
    }
)
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """A value that will be known once something else was made. There is one: UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """A Struct of the wire as plain values: secrets and outputs unwrapped, whole numbers ints, nulls left out."""
    found = plain(json_format.MessageToDict(struct))
    assert isinstance(found, dict)
    return found


def plain(value: Any) -> Any:
    """One decoded JSON value as the double works with it."""
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            return plain(value.get("value"))
        if signature == OUTPUT:
            return plain(value["value"]) if "value" in value else UNKNOWN
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if isinstance(value, str) and value in UNKNOWN_TEXTS else value


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a Struct of the wire; what is None is left out."""
    struct = struct_pb2.Struct()
    struct.update(wire(properties))
    return struct


def wire(value: Any) -> Any:
    """A plain value as JSON for the wire."""
    if isinstance(value, Mapping):
        return {key: wire(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [wire(item) for item in value]
    return UNKNOWN_TEXT if value is UNKNOWN else value


def has_unknown(value: Any) -> bool:
    """Whether a value is unknown, or holds something unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def without_none(**words: Any) -> dict[str, Any]:
    """Keyword arguments without those that are None or an empty list."""
    return {key: value for key, value in words.items() if value is not None and value != []}
