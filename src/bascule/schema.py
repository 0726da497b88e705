# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of a policy, put together from its files, and what validates with it.

The schema is the one source of keys, patterns and examples; ``x-bascule`` beside a pattern says how to name the value
(``is``), which code a wrong one gets (``code``) and what to write (``write``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from bascule.resources import resource

Schema = dict[str, Any]

# Keys that say what a file is, and nothing of a part: the library would take a validator of its own for that part.
_OF_A_FILE = ("$schema", "$id")
TYPE_WORDS = {
    "object": "a mapping (`key: value` lines)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}


@cache
def policy_schema() -> Schema:
    """Return the schema of a policy with every ``$ref`` replaced by what it names; shared parts are shared objects."""
    return _Assembly().whole()


@cache
def system_types() -> tuple[str, ...]:
    """Return the names of the system types for which there is a schema, sorted."""
    return tuple(sorted(file.name.split(".")[0] for file in resource("schemas", "systems").glob("*.schema.json")))


class _Assembly:
    """Loads the schema files and replaces references, so that validation never resolves one."""

    def __init__(self) -> None:
        self.files: dict[str, Schema] = {}
        self.parts: dict[str, Schema] = {}

    def whole(self) -> Schema:
        root = dict(self._file("policy/v1.schema.json"))
        root.pop("$defs")
        whole: Schema = self._inlined(root, "policy/v1.schema.json")
        return whole

    def _file(self, name: str) -> Schema:
        if name not in self.files:
            self.files[name] = json.loads(resource("schemas", *name.split("/")).read_text(encoding="utf-8"))
        return self.files[name]

    def _inlined(self, part: Any, file: str) -> Any:
        if isinstance(part, list):
            return [self._inlined(item, file) for item in part]
        if not isinstance(part, dict):
            return part
        beside = {key: self._inlined(value, file) for key, value in part.items() if key != "$ref"}
        return {**self._target(part["$ref"], file), **beside} if isinstance(part.get("$ref"), str) else beside

    def _target(self, reference: str, file: str) -> Schema:
        name, _, pointer = reference.partition("#")
        name = name.removeprefix("../") or file
        key = f"{name}#{pointer}"
        if key not in self.parts:
            part: Any = {key: value for key, value in self._file(name).items() if key not in _OF_A_FILE}
            for step in filter(None, pointer.split("/")):
                part = part[step]
            self.parts[key] = self._inlined(part, name)
        return self.parts[key]


@cache
def prices_schema() -> Schema:
    """Return the schema of a price book."""
    schema: Schema = json.loads(resource("schemas", "prices", "v1.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def validator(of: Callable[[], Schema] = policy_schema) -> Any:
    """Given where a schema comes from, return what validates with it."""
    # Imported late: what does not check a policy should not wait for it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def pattern(_: Any, wanted: str, instance: Any, __: Schema) -> Iterator[Any]:
        # `$` of Python also matches before a last line break, `\Z` is unknown to editors.
        if isinstance(instance, str) and not _compiled(wanted).fullmatch(instance):
            yield ValidationError("pattern")

    make: Any = extend
    made = make(Draft202012Validator, {"pattern": pattern})
    made.evolve, made.descend = _kept(made.evolve), _descend
    return made(of())


def _kept(evolve: Callable[..., Any]) -> Callable[..., Any]:
    """As the library's `evolve`, with one validator for each part of a schema, not a new one for each value.

    No reference is left in our schemas, so that a part means the same wherever it is met.
    """
    known: dict[int, Any] = {}

    def kept(self: Any, *, schema: Any) -> Any:
        found = known.get(id(schema))
        if found is None:
            found = known[id(schema)] = evolve(self, schema=schema)
        return found

    return kept


def _descend(self: Any, instance: Any, schema: Any, path: Any = None, schema_path: Any = None) -> Iterator[Any]:
    """As the library's, without the look for what a reference would mean below."""
    for error in self.evolve(schema=schema).iter_errors(instance):
        if path is not None:
            error.path.appendleft(path)
        if schema_path is not None:
            error.schema_path.appendleft(schema_path)
        yield error


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.removeprefix("^").removesuffix("$"))


def example(value: Any) -> str:
    """Given a JSON value, return it in one line as one would write it in a policy, shortened when it is large."""
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {example(item)}" for key, item in value.items()) + "}"
        return text if len(text) <= 100 else "{" + ", ".join(f"{key}: …" for key in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(example(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if re.search(r"[ '{}\[\],#]|: ", value) else value
    return json.dumps(value)
