# SPDX-License-Identifier: Apache-2.0
"""What the program is asked for, and the plan it reads: refused in a sentence when they are not what they must be."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from decided import PUBLIC_KEY, request, situation
from plans import ROOT, plan
from standby_aws import inputs
from standby_aws.naming import days, gib, short, tags


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"phase": None}, "bascule:phase is None"),
        ({"phase": "drill"}, "must be one of protect, activate"),
        ({"phase": "activate", "drill": "June!", "expires": "2027-01-31"}, "bascule:drill"),
        ({"phase": "activate", "drill": "june"}, "bascule:expires"),
        ({"phase": "activate", "expires": "2027-01-31"}, "a drill, and only a drill"),
        ({"phase": "activate", "drill": "june", "expires": "soon"}, "must be a date"),
        ({"phase": "protect", "public_key": None}, "bascule:publicKey"),
        ({"phase": "protect", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "bascule:publicKey"),
        ({"phase": "protect", "public_key": PUBLIC_KEY + "\nssh-rsa AAAA other"}, "bascule:publicKey"),
        ({"phase": "protect", "copies": "a-bucket"}, "bascule:copies is for drills"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        request(**asked)


def test_a_plan_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="this program reads"):
        inputs.situation({**plan(), "schema": "bascule/plan/v2"}, request(phase="protect"))


def test_a_plan_without_a_site_in_aws_is_refused() -> None:
    whole = plan()
    whole["sites"]["standby"] = {"provider": "hosts", "network": None, "cloud": None}
    with pytest.raises(ValueError, match="0 sites"):
        inputs.situation(whole, request(phase="protect"))


def test_a_drill_has_names_of_its_own_and_no_way_to_the_office() -> None:
    real, drill = situation("warm"), situation("warm", "drill")
    assert real.prefix == "bascule-atelier"
    assert drill.prefix == "bascule-atelier-june"
    assert real.beyond == ("10.98.255.0/28", "10.99.1.0/24")
    assert drill.beyond == ()


def test_long_names_stay_apart_and_within_what_aws_takes() -> None:
    long = "bascule-" + 63 * "a"
    assert len(short(long, 36)) == 36
    assert short(long, 36) != short(long + "b", 36)
    assert short("bascule-a", 36) == "bascule-a"


def test_sizes_and_durations_are_rounded_up() -> None:
    assert gib(1, 8) == 8
    assert gib(40 * 1024**3 + 1, 8) == 41
    assert days(2592000) == 30
    assert days(86401) == 2
    assert days(60) == 1


def test_our_tags_win_over_those_of_the_policy() -> None:
    assert tags({"bascule:policy": "other", "a": "b"}, {"bascule:policy": "ours"}) == {
        "a": "b",
        "bascule:policy": "ours",
    }


def test_deciding_needs_no_engine() -> None:
    """Neither the engine's library nor the provider's is imported by what decides."""
    code = "import sys, standby_aws.blueprint, standby_aws.outputs; print([m for m in sys.modules if 'pulumi' in m])"
    folder = ROOT / "stacks" / "aws_standby"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout == "[]\n"


def test_the_program_is_short() -> None:
    main = (ROOT / "stacks" / "aws_standby" / "__main__.py").read_text()
    assert len(main.splitlines()) <= 30
