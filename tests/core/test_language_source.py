# SPDX-License-Identifier: Apache-2.0
"""Reading: JSON types only, places of all things, and a finding for each way in which a file can be no policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bascule import source
from bascule.diagnostics import Findings
from bascule.source import read, read_text


def codes(text: str) -> list[str]:
    """The codes that reading this text gives."""
    try:
        read_text(text)
    except Findings as found:
        return [item.code for item in found.diagnostics]
    return []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("0644", "0644"),
        ("1_000", "1_000"),
        ("~", "~"),
        ("True", "True"),
        ("true", True),
        ("null", None),
        ("", None),
        ("-3", -3),
        ("0.01", 0.01),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".5", ".5"),
        ("0x10", "0x10"),
        ('"42"', "42"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_scalars_are_json(written: str, value: Any) -> None:
    assert read_text(f"a: {written}\n").data == {"a": value}


def test_places() -> None:
    read_from = read_text("é: 1\nb:\n  - {c: d}\n  - e\n")
    assert read_from.position(("b", 0, "c")) == (3, 9)
    assert read_from.position(("b", 0, "c"), key=True) == (3, 6)
    assert read_from.position(("b", 1)) == (4, 5)
    assert read_from.position(("b", 7, "x")) == (2, 1)
    assert read_from.position(()) == (1, 1)


def test_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "policy.yml", tmp_path):
        with pytest.raises(Findings) as raised:
            read(path)
        assert [item.code for item in raised.value.diagnostics] == ["BC101"]


def test_size_cap(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_bytes(b"a: b\n" * (source.SIZE_CAP_BYTES // 5 + 1))
    with pytest.raises(Findings) as raised:
        read(file)
    assert [item.code for item in raised.value.diagnostics] == ["BC103"]


def test_windows_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read(file).data == {"a": 1, "b": 2}


def test_digest_is_of_the_text() -> None:
    assert read_text("a: 1\n").digest == read_text("a: 1\n").digest != read_text("a: 1 # x\n").digest


@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth(depth: int, opening: str) -> None:
    assert codes(opening * depth) == ["BC117"]


def test_entity_expansion_is_refused() -> None:
    assert "BC110" in codes("a: &a [x, x]\nb: [*a, *a]\n")


def test_all_findings_of_the_gate() -> None:
    assert codes("a: &x 1\na: !t 2\nb: “c”\n") == ["BC110", "BC108", "BC109", "BC112"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 'L'Atelier'\n", "BC106"),
        ("a: {b: 'L'Atelier', c: 1}\n", "BC106"),
        ("- 'd'Arc'\n", "BC106"),
        ("a: {fr: Devis, factures, en: x}\n", "BC107"),
        ("a: {b: 0,01}\n", "BC113"),
        ("a: {b: 1, c: 0,5%}\n", "BC113"),
        ("a: {rto:30m}\n", "BC114"),
        ("a: {b: 1, rto:30m}\n", "BC114"),
        ("a: 1\nb:2\n", "BC114"),
        ("rto\u00a0: 1\n", "BC111"),
        ("a: {rto\u202f: 1}\n", "BC111"),
        ("rto:\u00a01\n", "BC111"),
        ("\u00a0 a: 1\n", "BC111"),
        ("a:\n\tb: 1\n", "BC105"),
        ("\ta: 1\n", "BC105"),
        ("a: “b: c”\n", "BC112"),
        ("« a »: 1\n", "BC112"),
        ("a: 'b\nc: 1\n", "BC120"),
        ("a: [1, 2\nb: 3\n", "BC121"),
        ("a: {b: 1\n", "BC121"),
        ("a: b: c\n", "BC122"),
        ("a:\n    b: 1\n  c: 2\n", "BC123"),
        ("a: \x07\n", "BC118"),
        ("a: b\u2028c\n", "BC118"),
        ("[a]: b\n", "BC119"),
        ("", "BC116"),
        ("a: 1\n---\nb: 2\n", "BC115"),
        ("a: @b\n", "BC104"),
        ("a: - b\n", "BC104"),
        ("a: 1\nb\nc: 1\n", "BC104"),
        ("- a: 1\nb: 2\n", "BC104"),
        ("a: {b: 1,, c: 2}\n", "BC104"),
    ],
)
def test_what_people_type(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_the_place_is_where_people_look() -> None:
    with pytest.raises(Findings) as raised:
        read_text("a: 1\nb\nc: 1\n")
    assert [(item.line, item.column) for item in raised.value.diagnostics] == [(2, 1)]


def test_french_text_is_fine() -> None:
    text = 'a: {fr: "Devis, factures : « L’Atelier »"}\nb: d’accord – très “bien”\n'
    assert read_text(text).data["b"] == "d’accord – très “bien”"


@pytest.mark.parametrize(
    "secret", ["key: {secret: “hunter2”}", "secrets: {a: “hunter2”}", "key: {secret: hunter2, hunter2}"]
)
def test_a_secret_is_not_repeated(secret: str) -> None:
    assert codes(secret + "\n") == []


@pytest.mark.slow
def test_anything_gives_a_value_or_findings() -> None:
    """Each prefix of an ordinary policy, and each one with a sign put in, ends in a value or in complete findings."""
    text = (Path(__file__).parents[1] / "policies" / "valid" / "atelier.yml").read_text(encoding="utf-8")[:1500]
    signs = "\t\"'{}[]:,&*!|>%@`#-? \u00a0\n"
    for place in range(0, len(text), 7):
        for changed in (text[:place], *(text[:place] + sign + text[place:] for sign in signs)):
            codes(changed)
