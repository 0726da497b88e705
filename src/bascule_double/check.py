# SPDX-License-Identifier: Apache-2.0
"""Whether the inputs of a resource are ones that the provider takes. Reports all that it finds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from bascule_double import fits
from bascule_double.rules import Failure, Input, Type
from bascule_double.values import UNKNOWN, Properties, has_unknown

# What kinds are called in a finding.
WORDS = {
    "text": "a text",
    "flag": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "table": "texts by their names",
    "many": "a list",
    "block": "a group of properties",
}
LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_TAGS = 128, 256, 50


def check(type_: Type, inputs: Properties) -> tuple[Properties, list[Failure]]:
    """Take inputs as they were written; return them as the provider keeps them, and what is wrong with which.

    `"22"` where a number belongs is kept as 22. Values that are unknown pass.
    """
    kept = {key: adapted(value, type_.all_inputs().get(key)) for key, value in inputs.items()}
    failures = list(block_failures(type_.short, kept, type_.all_inputs()))
    if not failures and type_.together:
        failures += type_.together(kept)
    if "tags" in type_.inputs and isinstance(kept.get("tags"), dict):
        failures += tag_failures(kept["tags"])
    return kept, failures


def adapted(value: Any, rule: Input | None) -> Any:
    """A value in the kind that its rule says, where the provider would convert it too."""
    if rule is None or value is UNKNOWN or value is None:
        return value
    if rule.kind == "block" and isinstance(value, dict):
        return {key: adapted(item, rule.fields.get(key)) for key, item in value.items()}
    if rule.kind == "many" and isinstance(value, list):
        return [adapted(item, rule.item) for item in value]
    if rule.kind == "table" and isinstance(value, dict):
        return {key: adapted(item, Input("text")) for key, item in value.items()}
    return adapted_scalar(value, rule.kind)


def adapted_scalar(value: Any, kind: str) -> Any:
    """`"22"` as 22 where a number belongs, 22 as `"22"` where a text does, `"true"` as True."""
    if kind == "text" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "text" and isinstance(value, (int, float)):
        return str(value)
    if kind == "flag" and value in ("true", "false"):
        return value == "true"
    if kind in ("whole", "number") and isinstance(value, str):
        try:
            return int(value) if kind == "whole" else float(value)
        except ValueError:
            return value
    return value


def block_failures(
    where: str, values: Mapping[str, Any], rules: Mapping[str, Input], path: str = ""
) -> Iterator[Failure]:
    """What is wrong with a group of properties: unknown and missing ones, then each value."""
    for key, value in values.items():
        at = f"{path}{key}"
        if key == "__defaults":
            continue
        if key not in rules:
            yield at, f"{where} has no property {at!r} that this double knows{nearest(key, rules)}"
        else:
            yield from value_failures(where, at, value, rules[key])
    for key, rule in rules.items():
        if rule.required and values.get(key) is None:
            yield f"{path}{key}", f"{where} needs {path + key!r}; it is missing"


def nearest(key: str, rules: Mapping[str, Input]) -> str:
    """`; did you mean 'x'?`, or all that there are."""
    close = difflib.get_close_matches(key, rules, n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else f" (it knows {', '.join(sorted(rules))})"


def value_failures(where: str, at: str, value: Any, rule: Input) -> Iterator[Failure]:
    """What is wrong with one value, and with the values in it."""
    if value is UNKNOWN or value is None:
        return
    if not is_kind(value, rule.kind):
        yield at, f"{where}: {at!r} must be {WORDS[rule.kind]}, not {value!r}"
    elif rule.kind == "block":
        yield from block_failures(where, value, rule.fields, f"{at}.")
    elif rule.kind == "many" and rule.item:
        for index, item in enumerate(value):
            yield from value_failures(where, f"{at}[{index}]", item, rule.item)
    elif wrong := scalar_failure(value, rule):
        yield at, f"{where}: {at!r}: {wrong}{source(rule)}"


def scalar_failure(value: Any, rule: Input) -> str:
    """What is wrong with a text or a number of the right kind, "" when nothing is."""
    if rule.choices and value not in rule.choices:
        return f"{value!r} is none of {', '.join(rule.choices)}"
    if rule.least is not None and value < rule.least:
        return f"{value} is less than {rule.least:g}"
    if rule.most is not None and value > rule.most:
        return f"{value} is more than {rule.most:g}"
    return rule.fits(value) if rule.fits else ""


def source(rule: Input) -> str:
    """Where the rule comes from, as a finding ends."""
    return f" [documentation: {rule.says[0]}]" if rule.says else ""


def is_kind(value: Any, kind: str) -> bool:
    """Whether a known value is of a kind."""
    if kind in ("whole", "number"):
        return isinstance(value, int if kind == "whole" else (int, float)) and not isinstance(value, bool)
    if kind == "table":
        return isinstance(value, dict) and all(isinstance(item, str) or item is UNKNOWN for item in value.values())
    return isinstance(value, {"text": str, "flag": bool, "many": list, "block": dict}[kind])


def tag_failures(tags: Mapping[str, Any]) -> Iterator[Failure]:
    """What AWS refuses in tags (AWS General Reference, Tagging: tag naming limits and requirements)."""
    if len(tags) > MOST_TAGS:
        yield "tags", f"{len(tags)} tags are more than {MOST_TAGS}"
    for key, value in tags.items():
        if not key or len(key) > LONGEST_TAG_KEY or key.lower().startswith("aws:"):
            yield "tags", f"{key!r} cannot be the name of a tag: 1 to {LONGEST_TAG_KEY} characters, and not from aws:"
        if not has_unknown(value) and (wrong := TAG_VALUE(value)):
            yield "tags", f"tag {key!r}: {wrong}"


TAG_VALUE = fits.pattern(
    rf"[\w\s.:/=+\-@]{{0,{LONGEST_TAG_VALUE}}}",
    f"the value of a tag: at most {LONGEST_TAG_VALUE} letters, figures, spaces and _ . : / = + - @",
)
