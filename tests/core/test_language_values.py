# SPDX-License-Identifier: Apache-2.0
"""Values: text in, numbers out; and what is said of those that people write otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bascule import typed, values
from bascule.schema import policy_schema


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (values.duration_s, "90s", 90),
        (values.duration_s, "2d", 172800),
        (values.size_bytes, "20GiB", 20 * 2**30),
        (values.size_bytes, "1.5kB", 1500),
        (values.size_bytes, "7B", 7),
        (values.rate_bytes_per_day, "200MiB/d", 200 * 2**20),
        (values.rate_bytes_per_day, "1kB/h", 24000),
        (values.speed_bytes_per_s, "300Mbit/s", 37.5e6),
        (values.speed_bytes_per_s, "2.5Gbit/s", 312.5e6),
        (values.speed_bytes_per_s, "64kbit/s", 8000),
        (values.speed_bytes_per_s, "60MB/s", 60e6),
        (values.speed_bytes_per_s, "1MiB/s", 2**20),
        (values.share, "40%", 0.4),
        (values.share, "2.5%", 0.025),
        (values.share, "100%", 1.0),
        (values.distance_km, "42km", 42),
        (values.distance_km, "1.5km", 1.5),
    ],
)
def test_values(parse: Callable[[str], float], text: str, number: float) -> None:
    assert parse(text) == number


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (values.duration_s, "30"),
        (values.duration_s, "30m\n"),
        (values.duration_s, "1.5h"),
        (values.size_bytes, "20"),
        (values.size_bytes, "20GB "),
        (values.rate_bytes_per_day, "20GB"),
        (values.rate_bytes_per_day, "20GB/w"),
        (values.speed_bytes_per_s, "300Mbit"),
        (values.speed_bytes_per_s, "300Mb/s"),
        (values.speed_bytes_per_s, "20TB/s"),
        (values.share, "101%"),
        (values.distance_km, "42"),
    ],
)
def test_refused(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "90s"), (5400, "90m"), (86400, "1d"), (605, "10m 5s"), (0.5, "0.5s")]
)
def test_duration_text(seconds: float, text: str) -> None:
    assert values.duration_text(seconds) == text


def schema_at(*path: str) -> dict[str, Any]:
    """The schema of a key of the policy."""
    schema = policy_schema()
    for key in path:
        schema = schema["properties"][key] if key in schema.get("properties", {}) else schema["additionalProperties"]
    return schema


RTO = schema_at("activities", "ID", "target", "rto")
MBCO = schema_at("activities", "ID", "need", "mbco")
DISTANCE = policy_schema()["properties"]["sites"]["additionalProperties"]["allOf"][0]["then"]["properties"]["distance"]
FILES = policy_schema()["properties"]["systems"]["additionalProperties"]["allOf"][0]["then"]["properties"]
AMOUNT = schema_at("activities", "ID", "impact")["items"]["properties"]["amount"]


@pytest.mark.parametrize(
    ("schema", "value", "code", "right"),
    [
        (RTO, "2j", "BC216", "2d"),
        (RTO, "2 jours", "BC218", "2d"),
        (RTO, "3 semaines", "BC218", "21d"),
        (RTO, "30min", "BC216", "30m"),
        (RTO, "2H", "BC216", "2h"),
        (RTO, "1,5h", "BC113", "90m"),
        (RTO, "1.5h", "BC204", "90m"),
        (RTO, "0,5 j", "BC113", "12h"),
        (RTO, "1:30", "BC204", "90m"),
        (RTO, "30\u00a0m", "BC218", "30m"),
        (RTO, 30, "BC204", "30m"),
        (MBCO, "40\u202f%", "BC218", "40%"),
        (MBCO, "2,5%", "BC113", "2.5%"),
        (MBCO, 40, "BC206", "40%"),
        (MBCO, 0.4, "BC206", "40%"),
        (DISTANCE, "42 km", "BC218", "42km"),
        (FILES["size"], "20Go", "BC217", "20GB"),
        (FILES["size"], "20 Gio", "BC218", "20GiB"),
        (FILES["size"], "1,5To", "BC113", "1.5TB"),
        (FILES["size"], "20G", "BC217", "20GB"),
        (FILES["size"], "500 000 Mo", "BC215", "500000MB"),
        (FILES["change"], "200Mo/jour", "BC217", "200MB/d"),
        (FILES["change"], "200 Mo/j", "BC218", "200MB/d"),
        (AMOUNT, "12 000", "BC215", "12000"),
        (AMOUNT, "12\u202f000", "BC215", "12000"),
        (AMOUNT, "12'000", "BC215", "12000"),
        (AMOUNT, "0,01", "BC113", "0.01"),
        (AMOUNT, "12 €", "BC203", "3000"),
        (AMOUNT, "400", "BC203", "400"),
    ],
)
def test_what_people_write(schema: dict[str, Any], value: Any, code: str, right: str) -> None:
    found, _, fix = typed.explain(value, schema)
    assert (found, right in fix) == (code, True), fix
