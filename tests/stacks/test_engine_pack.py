# SPDX-License-Identifier: Apache-2.0
"""The policy pack in the real engine: it lets the stack pass, and stops what it must stop, in preview and in up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine import Failed, Folder
from plans import cloud, plan

pytestmark = pytest.mark.engine


def pack(folder: Folder) -> tuple[str, str]:
    return "--policy-pack", str(folder.stack / "pack" / "pulumi-analyzer-bascule")


@pytest.fixture(scope="module")
def folder(make_folder: Callable[..., Folder]) -> Folder:
    return make_folder(plan("warm"))


@pytest.mark.parametrize("what", ["protect", "drill"])
def test_the_stack_passes(folder: Folder, what: str) -> None:
    folder.take(plan("warm"))
    said = folder.read(what, *pack(folder))
    assert "bascule-standby" in said
    assert "[mandatory]" not in said
    assert "[advisory]" not in said


def dear(name: str, readiness: str = "warm") -> dict[str, object]:
    """A plan in which one machine costs more than the site may."""
    machines = cloud(readiness)["machines"]
    machines[name]["instance_type"] = "m5.2xlarge"
    return plan(readiness, machines=machines)


def test_a_machine_above_the_budget_stops_a_preview(folder: Folder) -> None:
    folder.take(dear("db2"))
    with pytest.raises(Failed, match="more than the whole site may"):
        folder.read("protect", *pack(folder))


def test_it_stops_an_update_before_the_machine_is_made(folder: Folder) -> None:
    folder.take(dear("db2"))
    with pytest.raises(Failed, match="more than the whole site may"):
        folder.up("protect", *pack(folder))
    assert not any(
        name.endswith("::bascule-atelier-db2") and one["type"] == "aws:ec2/instance:Instance"
        for name, one in folder.resources("protect").items()
    )


def test_money_is_told_in_an_activation_and_stops_nothing(folder: Folder) -> None:
    folder.take(dear("app2", "pilot"))
    said = folder.read("activate", *pack(folder))
    assert "[advisory]" in said
    assert "more than the whole site may" in said


def test_a_hand_that_opens_ssh_is_stopped(folder: Folder) -> None:
    """Somebody changes the program: the pack looks at what it would build, not at how it is written."""
    folder.take(plan("warm", admin=["0.0.0.0/0"]))
    with pytest.raises(Failed, match="SSH is open to"):
        folder.read("protect", *pack(folder))
