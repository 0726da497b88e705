# SPDX-License-Identifier: Apache-2.0
"""The reference page of the policy language, made from the schema alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bascule.schema import TYPE_WORDS, Schema, example, policy_schema

_HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Policy reference

Made from `schemas/policy/v1.schema.json` and the schemas of the system types; `pytest --accept` writes it anew.
Keys in **bold** must be given. `ID` stands for a name that you choose. Editors complete keys and show these texts when
the first line of the policy is `# yaml-language-server: $schema=schemas/policy/v1.schema.json`.

"""


def page() -> str:
    """Return the whole page as Markdown."""
    # What several types share is shown once.
    return _HEAD + "\n".join(dict.fromkeys(_sections("policy", "", policy_schema())))


def _sections(title: str, path: str, schema: Schema) -> Iterator[str]:
    """Yield one section for a mapping, and those of the mappings inside it."""
    below = list(_keys(schema))
    if below and not _variants(schema):
        yield f"## {title}\n\n{schema.get('description', '')}\n\n{_table(below, schema)}"
    for name, variant in _variants(schema):
        yield from _sections(f"{path}, {name}", path, variant)
    if _variants(schema):
        return
    for key, item in below:
        inner = f"{path}.{key}" if path else key
        yield from _nested(inner, item)


def _nested(path: str, schema: Schema) -> Iterator[str]:
    if _is_secret(schema) or path.endswith(".name"):
        return
    if isinstance(schema.get("additionalProperties"), dict):
        # Names that must be there have the same shape as those that are free.
        yield from _nested(f"{path}.ID", schema["additionalProperties"])
    elif "properties" in schema:
        yield from _sections(path, path, schema)
    elif isinstance(schema.get("items"), dict):
        yield from _nested(f"{path}[]", schema["items"])


def _is_secret(schema: Schema) -> bool:
    return bool(schema.get("x-bascule", {}).get("code") == "BC221" and "secret" in schema.get("properties", {}))


def _variants(schema: Schema) -> list[tuple[str, Schema]]:
    found = []
    for branch in schema.get("allOf", []):
        ((key, value),) = branch["if"]["properties"].items()
        found.append((f"{key}: {value['const']}", branch["then"]))
    return found


def _keys(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("properties", {}).items()
    if isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        yield "ID", schema["additionalProperties"]


def _table(keys: list[tuple[str, Schema]], schema: Schema) -> str:
    rows = ["| key | value | meaning | example |", "|---|---|---|---|"]
    for key, item in keys:
        name = f"**`{key}`**" if key in schema.get("required", ()) else f"`{key}`"
        sample = example((item.get("examples") or [item.get("const", "")])[0])
        default = f" Default: `{item['default']}`." if "default" in item else ""
        cells = (name, _value(item), item.get("description", "") + default, f"`{sample}`")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _value(schema: Schema) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "x-bascule" in schema:
        return str(schema["x-bascule"]["is"])
    kinds: Any = schema.get("type", "string")
    words = {**TYPE_WORDS, "object": "a mapping"}
    return " or ".join(words[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
