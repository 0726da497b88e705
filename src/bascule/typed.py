# SPDX-License-Identifier: Apache-2.0
"""Explain a value that its schema refuses: what people write for a duration or a size, and what to write instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from bascule import mistakes, values
from bascule.diagnostics import show
from bascule.mistakes import Wrong
from bascule.schema import TYPE_WORDS, example

_SPACES = " \u00a0\u202f\u2009"
# Words for units of time, French and English, with their seconds.
_TIME: dict[str, int] = {
    **dict.fromkeys(("sec", "secs", "seconde", "secondes", "second", "seconds", "ms"), 1),
    **dict.fromkeys(("mn", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("hr", "hrs", "heure", "heures", "hour", "hours"), 3600),
    **dict.fromkeys(("j", "jr", "jour", "jours", "day", "days"), 86400),
    **dict.fromkeys(("w", "sem", "semaine", "semaines", "week", "weeks"), 7 * 86400),
    **dict.fromkeys(("mois", "month", "months"), 30 * 86400),
    **dict.fromkeys(("a", "an", "ans", "y", "year", "years"), 365 * 86400),
}
_BYTES = {"k": "kB", "m": "MB", "g": "GB", "t": "TB", "ki": "KiB", "mi": "MiB", "gi": "GiB", "ti": "TiB"}
_UNIT = r"[A-Za-zµ%]*(?:/[a-z]+)?"


def explain(value: Any, schema: Mapping[str, Any]) -> Wrong:
    """Given a value and the schema that refuses it, return code, what is wrong and what to write instead.

    A value where a secret's name is wanted is never repeated.
    """
    says = schema.get("x-bascule") or _said_of(schema)
    if value is None:
        return ("BC214", f"the value is missing; {says['is']} is needed", _write(says))
    if says["code"] == "BC221":
        fix = f"Write {says['write']}; a real secret that stood here must be changed."
        return ("BC221", "a secret's name is needed here, not its value", fix)
    if isinstance(value, str):
        for recognise in _RECOGNISERS:
            wrong = recognise(value, says)
            if wrong:
                return wrong
    fix = _fix(value, schema, says)
    return (says["code"] if "x-bascule" in schema else "BC203", f"{show(value)} is not {says['is']}", fix)


def _said_of(schema: Mapping[str, Any]) -> dict[str, str]:
    wanted = schema.get("type", "string")
    kinds = wanted if isinstance(wanted, list) else [wanted]
    said = " or ".join(TYPE_WORDS[kind] for kind in kinds)
    sample = (schema.get("examples") or ["…"])[0]
    return {"is": said, "code": "BC203", "write": f"for example `{example(sample)}`"}


def _fix(value: Any, schema: Mapping[str, Any], says: Mapping[str, str]) -> str:
    wanted = schema.get("type")
    if wanted == "array" and isinstance(value, str):
        word = re.fullmatch(r"[\w./-]{1,60}", value)
        return f"Put it in brackets: `[{value}]`." if word else _write(says)
    if wanted in ("integer", "number") and isinstance(value, str) and re.fullmatch(r"[0-9.]+", value):
        return f"Write {value} without quotes."
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and says["code"] == "BC204":
        return f"Write the unit too, for example `{value:g}m` for minutes (units: s, m, h, d)."
    if number and says["code"] == "BC206" and 0 <= value <= 100:
        return f"Write it with `%`: `{value * 100 if value < 1 else value:g}%`."
    if wanted == "string" and "x-bascule" not in schema and not isinstance(value, dict | list):
        return "Put quotes around it to make it text."
    return _write(says)


def _write(says: Mapping[str, str]) -> str:
    sample = "for example " if says["write"].startswith("`") else ""
    return f"Write {sample}{says['write']}."


def _glued_key(value: str, says: Mapping[str, str]) -> Wrong | None:
    return mistakes.missing_space(value) if "mapping" in says["is"] else None


def _thousands(value: str, says: Mapping[str, str]) -> Wrong | None:
    if not re.fullmatch(rf"[0-9]{{1,3}}(?:[{_SPACES}'’_.][0-9]{{3}})+[{_SPACES}]?{_UNIT}", value) or not _numeric(says):
        return None
    if re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}[A-Za-z%/]+", value):
        return None
    together = re.sub(rf"[{_SPACES}'’_.]", "", value)
    right = _in_our_units(together, says) or together
    return ("BC215", f"the digits of {show(value)} are in groups", f"Write them together: `{right}`.")


def _comma(value: str, says: Mapping[str, str]) -> Wrong | None:
    match = re.fullmatch(rf"(-?[0-9]+),([0-9]+)[{_SPACES}]?({_UNIT})", value)
    if not match or not _numeric(says):
        return None
    number, unit = f"{match[1]}.{match[2]}", match[3]
    if says["code"] == "BC204":
        seconds = float(number) * values.SECONDS.get(unit, _TIME.get(unit.lower(), 0))
        return mistakes.decimal_comma(value, _duration(seconds))
    return mistakes.decimal_comma(value, number + _BYTES_OF.get(unit.lower(), unit))


def _spaced(value: str, says: Mapping[str, str]) -> Wrong | None:
    match = re.fullmatch(rf"(-?[0-9.]+)[{_SPACES}]+({_UNIT})", value)
    if not match or not match[2] or not _numeric(says):
        return None
    unit = match[2]
    joined = _in_our_units(match[1] + unit, says) or match[1] + unit
    word = "a space" if " " in value else "a no-break space"
    return ("BC218", f"{word} stands between number and unit in {show(value)}", f"Write `{joined}`.")


def _clock(value: str, says: Mapping[str, str]) -> Wrong | None:
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", value)
    if not match or says["code"] != "BC204":
        return None
    right = _duration(int(match[1]) * 3600 + int(match[2]) * 60)
    return ("BC204", f"{show(value)} is a time of day, not a duration", f"Write `{right}`.")


def _fraction(value: str, says: Mapping[str, str]) -> Wrong | None:
    if says["code"] != "BC204" or not re.fullmatch(r"[0-9]+\.[0-9]+[smhd]", value):
        return None
    return ("BC204", f"{show(value)} is not a whole number", f"Write `{_time(value)}`.")


def _identifier(value: str, says: Mapping[str, str]) -> Wrong | None:
    if says["code"] != "BC208":
        return None
    if value in values.RESERVED:
        fix = "Choose another name; YAML readers take this word for a switch or a number."
        return ("BC208", f"{show(value)} is not an identifier", fix)
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    right = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not re.fullmatch(values.IDENTIFIER_PATTERN[1:-1], right) or right in values.RESERVED:
        return None
    fix = f"Write `{right}`: small letters without accents, digits and hyphens, beginning with a letter."
    return ("BC208", f"{show(value)} is not an identifier", fix)


def _bare_address(value: str, says: Mapping[str, str]) -> Wrong | None:
    if "/32" not in says["is"] or not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", value):
        return None
    return (says["code"], f"{show(value)} is one address, and a network is wanted", f"Write `{value}/32`.")


def _suffix(value: str, says: Mapping[str, str]) -> Wrong | None:
    if says["is"] != "a unit of systemd" or not re.fullmatch(r"[A-Za-z0-9_@-]+", value):
        return None
    return (says["code"], f"{show(value)} has no suffix", f"Write `{value}.service`, or what else it is.")


def _time_words(value: str, says: Mapping[str, str]) -> Wrong | None:
    right = _time(value) if says["code"] == "BC204" else None
    return ("BC216", f"{show(value)} has no unit of ours (s, m, h, d)", f"Write `{right}`.") if right else None


def _byte_words(value: str, says: Mapping[str, str]) -> Wrong | None:
    right = _bytes(value) if says["code"] == "BC205" else None
    return ("BC217", f"{show(value)} has no unit of ours (GB, GiB and so on)", f"Write `{right}`.") if right else None


def _speed_words(value: str, says: Mapping[str, str]) -> Wrong | None:
    right = _speed(value) if says["code"] == "BC222" else None
    return (
        ("BC222", f"{show(value)} has no unit of ours (Mbit/s, MB/s and so on)", f"Write `{right}`.") if right else None
    )


def _time(value: str) -> str | None:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]+)", value)
    if not match:
        return None
    unit = match[2].lower()
    seconds = _TIME.get(unit) or values.SECONDS.get(unit)
    return _duration(float(match[1]) * seconds) if seconds else None


def _duration(seconds: float) -> str:
    text = values.duration_text(max(1, round(seconds))) if seconds else "30m"
    return text if " " not in text else f"{round(seconds)}s"


def _bytes(value: str) -> str | None:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]+)(/[a-z]+)?", value)
    unit = _BYTES_OF.get(match[2].lower()) if match else None
    if not match or not unit:
        return None
    period = "" if not match[3] else "/h" if match[3][1:] in ("h", "heure", "hour") else "/d"
    right = f"{match[1]}{unit}{period}"
    return right if right != value else None


def _speed(value: str) -> str | None:
    """Return a speed as we write it: `100Mbps`, `100Mb/s` (bits) and `60Mo/s` (bytes) are what people write."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([kKmMgG])(?:(bps|b/s|bits?(?:/s)?)|(o/s|[oO]|B))", value)
    if not match:
        return None
    size = match[2].lower().replace("m", "M").replace("g", "G")
    return f"{match[1]}{size}{'bit' if match[3] else 'B'}/s"


_BYTES_OF = {
    **_BYTES,
    **{short + tail: unit for short, unit in _BYTES.items() for tail in ("o", "b")},
    "o": "B",
}
_CONVERTERS: dict[str, Callable[[str], str | None]] = {
    "BC204": _time,
    "BC205": _bytes,
    "BC222": _speed,
}


def _in_our_units(text: str, says: Mapping[str, str]) -> str | None:
    convert = _CONVERTERS.get(says["code"])
    return convert(text) if convert else None


def _numeric(says: Mapping[str, str]) -> bool:
    return (
        says["code"] in ("BC204", "BC205", "BC206", "BC207", "BC222")
        or "number" in says["is"]
        or says["is"] in _NUMBERS
    )


_NUMBERS = ("an amount", "a port", "an HTTP status", "a number of events a year")
_RECOGNISERS: tuple[Callable[[str, Mapping[str, str]], Wrong | None], ...] = (
    _glued_key,
    _thousands,
    _comma,
    _clock,
    _fraction,
    _identifier,
    _bare_address,
    _suffix,
    _spaced,
    _time_words,
    _byte_words,
    _speed_words,
)
