# SPDX-License-Identifier: Apache-2.0
"""The schema is good enough to be the reference: closed, described, with examples that it accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from bascule import values
from bascule.protections import KINDS
from bascule.reference import page
from bascule.schema import policy_schema, system_types, validator
from bascule.starter import SCHEMA, schema_files
from bascule.switches import KINDS as SWITCHES
from bascule.systems import TYPES

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "schemas" / "policy" / "v1.schema.json", *sorted((ROOT / "schemas" / "systems").glob("*.json"))]


def parts(schema: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that describes a value, with its path."""
    yield path, schema
    for key, below in schema.get("properties", {}).items():
        yield from parts(below, f"{path}.{key}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from parts(schema[word], f"{path}.{word}")
    for branch in schema.get("allOf", []):
        yield from parts(branch["then"], f"{path}({next(iter(branch['if']['properties'].values()))['const']})")


PARTS = list(parts(policy_schema()))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_is_a_schema(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert file.read_text(encoding="utf-8") == json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_references_are_files(file: Path) -> None:
    for reference in re.findall(r'"\$ref": "([^"#]*)#?([^"]*)"', file.read_text(encoding="utf-8")):
        target = json.loads((file.parent / reference[0] if reference[0] else file).read_text(encoding="utf-8"))
        for step in filter(None, reference[1].split("/")):
            target = target[step]


def test_every_key_is_described_with_examples_that_fit() -> None:
    for path, schema in PARTS:
        assert schema.get("description"), path
        assert path == "$" or "const" in schema or schema.get("examples"), path
        for example in schema.get("examples", ()):
            assert Draft202012Validator(schema).is_valid(example), (path, example)


def test_every_mapping_is_closed() -> None:
    for path, schema in PARTS:
        # What its `by`, `provider` or `type` decides is closed in each branch.
        if schema.get("type") == "object" and "allOf" not in schema:
            assert "additionalProperties" in schema, path
            assert schema["additionalProperties"] is not True


def test_every_pattern_is_explained_and_anchored() -> None:
    for path, schema in PARTS:
        if "pattern" in schema:
            assert schema.get("x-bascule", {}).keys() == {"is", "code", "write"}, path
            assert schema["pattern"].startswith("^"), path
            assert schema["pattern"].endswith("$"), path


def test_patterns_hold_to_the_end_of_the_text_in_every_part() -> None:
    policy = yaml.safe_load((ROOT / "tests" / "golden" / "small" / "policy.yml").read_text())
    assert not list(validator().iter_errors(policy))
    for name, system in policy["systems"].items():
        if "paths" in system:
            system["paths"][0] += "\n"
            places = [list(error.absolute_path) for error in validator().iter_errors(policy)]
            assert ["systems", name, "paths", 0] in places


def test_no_part_names_a_dialect_of_its_own() -> None:
    # The library would take its own validator for such a part, with its own patterns.
    assert [path for path, schema in PARTS if "$schema" in schema] == ["$"]


def test_values_have_one_pattern() -> None:
    defs = json.loads(FILES[0].read_text(encoding="utf-8"))["$defs"]
    words = ("duration", "size", "rate", "speed", "share", "distance")
    named = {name: getattr(values, f"{name.upper()}_PATTERN") for name in words}
    assert {name: defs[name]["pattern"] for name in named} == named
    for word in values.RESERVED:
        assert not re.search(defs["identifier"]["pattern"], word)
    assert re.search(defs["identifier"]["pattern"], "only")


def test_types_methods_and_switches_are_registered() -> None:
    schema = policy_schema()["properties"]
    system = schema["systems"]["additionalProperties"]
    assert set(system_types()) == set(TYPES) == set(system["properties"]["type"]["enum"])
    methods = set()
    for branch in system["allOf"]:
        protect = branch["then"]["properties"].get("protect")
        methods |= set(protect["items"]["properties"]["by"]["enum"]) if protect else set()
    assert methods == set(KINDS)
    assert set(schema["switch"]["properties"]) == set(SWITCHES)


def test_reference_page(expect: Callable[[Path, str], None]) -> None:
    expect(ROOT / "docs" / "policy-reference.md", page())


def test_files_for_editors(tmp_path: Path) -> None:
    for name, text in schema_files().items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for file in (tmp_path / SCHEMA).parent.parent.rglob("*.json"):
        for reference in re.findall(r'"\$ref": "([^"#]+)', file.read_text(encoding="utf-8")):
            assert (file.parent / reference).is_file()
