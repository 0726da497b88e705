# SPDX-License-Identifier: Apache-2.0
"""What `bascule analyse` prints: JSON under its schema, and text in two languages that fits the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bascule import api
from bascule.analysis import text
from bascule.analysis.words import known
from bascule.cli import main

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "analysis" / "v1.schema.json").read_text(encoding="utf-8"))
POLICIES = [
    *sorted((ROOT / "tests" / "policies" / "valid").glob("*.yml")),
    *sorted(ROOT.glob("examples/*/policy*.yml")),
    ROOT / "tests" / "golden" / "small" / "policy.yml",
]
FOLDER = ROOT / "src" / "bascule" / "analysis"
WORDS = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_json_and_text(policy: Path) -> None:
    report = json.loads(json.dumps(api.analyse(policy)))
    Draft202012Validator(SCHEMA).validate(report)
    assert report == json.loads(json.dumps(api.analyse(policy)))
    for language in ("fr", "en"):
        printed = text.render(report, language)
        assert max(map(len, printed.splitlines())) <= 100
        assert "{" not in re.sub(r"\{[^{}]+\}", "", printed), "a word that nobody filled in"


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_text_of_a_firm(language: str, expect: Callable[[Path, str], None]) -> None:
    report = api.analyse(ROOT / "tests" / "policies" / "valid" / "cloud.yml")
    expect(Path(__file__).with_name(f"cloud.expected.{language}.txt"), text.render(report, language))


def test_words_are_there_in_both_languages_and_used() -> None:
    sources = [*FOLDER.glob("*.py"), *(FOLDER.parent / "choice").glob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r'say\(\s*"([a-z_.0-9]+)"', code)) | set(re.findall(r'titled\("([a-z_]+)"', code))
    assert [word for word in sorted(asked) if not known(word)] == []
    for word, entry in WORDS.items():
        assert set(entry) == {"en", "fr"}, word
        assert set(re.findall(r"\{(\w+)\}", entry["en"])) == set(re.findall(r"\{(\w+)\}", entry["fr"])), word
    families = {word.partition(".")[0] for word in WORDS if "." in word}
    loose = {word for word in WORDS if "." not in word and f'"{word}"' not in code}
    assert loose == set()
    assert all(f"{family}." in code for family in families)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(ROOT / "examples" / "atelier" / "policy.yml")
    assert main(["analyse", sample, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "bascule/analysis/v1"
    assert main(["analyse", sample, "--lang", "en"]) == 0
    assert "What a stop costs" in capsys.readouterr().out
