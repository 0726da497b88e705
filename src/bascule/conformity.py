# SPDX-License-Identifier: Apache-2.0
"""Check a policy's shape and say what is wrong in the words of people: one function for each keyword of the schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from bascule import typed
from bascule.diagnostics import Diagnostic, Path, show
from bascule.schema import Schema, example, policy_schema, validator
from bascule.source import Source

Finding = tuple[str, Path, str, str, bool]  # code, path, what, fix, whether the key is the place


def check(source: Source, of: Callable[[], Schema] = policy_schema) -> list[Diagnostic]:
    """Given a source and where its schema comes from, by default that of a policy, return what is wrong with its shape,
    in order of place; empty when it can be built.
    """
    findings: list[Finding] = []
    for error in validator(of).iter_errors(source.data):
        findings.extend(_REPORTS.get(error.validator, _other)(error))
    explained = {(path, _proposed(fix)) for code, path, _, fix, key in findings if code == "BC201"}
    kept = [f for f in findings if not (f[0] == "BC202" and _misspelt(f, explained))]
    unique = dict.fromkeys(kept)
    found = [source.finding(code, path, what, fix, key=key) for code, path, what, fix, key in unique]
    return sorted(found, key=lambda item: item.sort_key)


def _proposed(fix: str) -> str | None:
    match = re.match(r"Did you mean `([^`]+)`", fix)
    return match[1] if match else None


def _misspelt(finding: Finding, explained: set[tuple[Path, str | None]]) -> bool:
    """Whether a missing key is only missing because the unknown key beside it is its misspelling."""
    path, missing = finding[1], set(re.findall(r"`([^`]+)`", finding[2])[:2])
    return any(beside[:-1] == path and word in missing for beside, word in explained)


def _path(error: Any) -> Path:
    return tuple(error.absolute_path)


def _unknown_keys(error: Any) -> Iterator[Finding]:
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key in known:
            continue
        near = get_close_matches(key, known, 1, 0.6)
        fix = f"Did you mean `{near[0]}`? " if near else ""
        listed = ", ".join(f"`{name}`" for name in known)
        yield ("BC201", (*_path(error), key), f"{show(key)} is not a key here", f"{fix}Known keys: {listed}.", True)


def _missing_keys(error: Any) -> Iterator[Finding]:
    for key in error.validator_value:
        if key not in error.instance:
            yield ("BC202", _path(error), *_missing(key, error.schema), True)
    # jsonschema reports one error for each missing key; check() drops the repetitions.


def _missing(key: str, schema: Schema) -> tuple[str, str]:
    below = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
    examples = below.get("examples") or [below.get("const", "…")]
    said = below.get("description", "").split(". ")[0].rstrip(".")
    about = f" ({said[0].lower()}{said[1:]})" if said else ""
    return (f"the key `{key}` is missing", f"Add `{key}: {example(examples[0])}`{about}.")


def _wrong_value(error: Any) -> Iterator[Finding]:
    at_key = "propertyNames" in error.absolute_schema_path
    path = (*_path(error), error.instance) if at_key else _path(error)
    code, what, fix = typed.explain(error.instance, error.schema)
    if at_key:
        what = f"the key {what}"
    elif path[-1:] == ("secret",) or (path[:1] == ("secrets",) and path[-1] != "file"):
        # Somebody may have typed the secret itself here.
        what = what.replace(show(error.instance), "what stands here")
        fix = "Write the id of a secret that is declared under `secrets`." if code == "BC208" else fix
    yield (code, path, what, fix, at_key)


def _not_listed(error: Any) -> Iterator[Finding]:
    allowed = error.schema.get("enum") or [error.schema["const"]]
    if error.instance is None:
        yield from _wrong_value(error)
        return
    near = get_close_matches(str(error.instance), [str(word) for word in allowed], 1, 0.6)
    listed = ", ".join(f"`{word}`" for word in allowed)
    meant = bool(near) and len(allowed) > 1
    fix = f"Did you mean `{near[0]}`? Possible: {listed}." if meant else f"Write {_one_of(allowed)}."
    yield ("BC209", _path(error), f"{show(error.instance)} is not possible here", fix, False)


def _one_of(allowed: list[Any]) -> str:
    words = [f"`{word}`" for word in allowed]
    return words[0] if len(words) == 1 else "one of " + ", ".join(words)


def _exactly_one(error: Any) -> Iterator[Finding]:
    if not isinstance(error.instance, dict):
        return
    keys = error.schema.get("x-one-of") or list(error.schema.get("properties", {}))
    listed = " and ".join([", ".join(f"`{key}`" for key in keys[:-1]), f"`{keys[-1]}`"])
    given = [key for key in keys if key in error.instance]
    # An unknown key is a finding of its own; it says more than "none of them".
    if not given and set(error.instance) - set(error.schema.get("properties", {})):
        return
    what = f"{' and '.join(f'`{key}`' for key in given)} are given together" if given else f"none of {listed} is given"
    yield ("BC213", _path(error), what, f"Give exactly one of {listed}.", True)


def _counted(error: Any) -> Iterator[Finding]:
    keys = list(error.schema.get("properties", {}))
    if error.validator in ("minProperties", "maxProperties") and error.schema.get("maxProperties") == 1 and keys:
        yield from _exactly_one(error)
        return
    hint = example((error.schema.get("examples") or ["…"])[0])
    if error.validator in ("minItems", "minProperties"):
        yield ("BC210", _path(error), "there is nothing in it", f"Give at least one, for example `{hint}`.", True)
        return
    word = {"minimum": "at least", "maximum": "at most"}.get(error.validator, "within")
    fix = f"Write a number of {word} {error.validator_value}."
    yield ("BC210", _path(error), f"{show(error.instance)} is out of range", fix, False)


def _repeated(error: Any) -> Iterator[Finding]:
    seen: list[Any] = []
    for index, item in enumerate(error.instance):
        if item in seen:
            what = f"{show(item)} stands in the list a second time"
            yield ("BC212", (*_path(error), index), what, "Remove the repetition.", False)
        seen.append(item)


def _belongs_to(error: Any) -> Iterator[Finding]:
    for key, wanted in error.validator_value.items():
        for other in wanted:
            if key in error.instance and other not in error.instance:
                what = f"`{key}` has no meaning without `{other}`"
                yield ("BC213", (*_path(error), key), what, f"Remove `{key}`, or give `{other}`.", True)


def _other(error: Any) -> Iterator[Finding]:
    yield ("BC203", _path(error), f"{show(error.instance)} is not possible here", "See the policy reference.", False)


_REPORTS: dict[str, Callable[[Any], Iterator[Finding]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_value,
    "pattern": _wrong_value,
    "enum": _not_listed,
    "const": _not_listed,
    "oneOf": _exactly_one,
    "minProperties": _counted,
    "maxProperties": _counted,
    "minItems": _counted,
    "minimum": _counted,
    "maximum": _counted,
    "uniqueItems": _repeated,
    "dependentRequired": _belongs_to,
}
