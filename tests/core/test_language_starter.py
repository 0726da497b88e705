# SPDX-License-Identifier: Apache-2.0
"""The starter is a policy without findings, whatever it was made from."""

from __future__ import annotations

from typing import Any

import pytest

from bascule.diagnostics import Findings
from bascule.language import load_text
from bascule.planner import make_plan
from bascule.starter import SCHEMA, from_inventory, starter


@pytest.mark.parametrize("language", ["en", "fr"])
def test_starter(language: str) -> None:
    text = starter(language)
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA}"
    assert len(text.splitlines()) <= 45
    policy = load_text(text)
    assert policy.warnings == ()
    assert policy.organisation.language == language
    standby = next(iter(policy.sites["standby"].machines))
    assert [c.machine for c in policy.controllers.values()] == [standby] == list(policy.observers)
    assert make_plan(policy).activities


@pytest.mark.parametrize("name", ["L'Atelier", 'a "b" \\ c', "{{ x }}", "a: b # c", "é, è", "- x", "on"])
def test_answers_are_data(name: str) -> None:
    assert load_text(starter(answers={"name": name})).organisation.name == {"en": name}


@pytest.mark.parametrize(
    "answers",
    [
        {"id": "x, systems: {}"},
        {"id": "On"},
        {"primary": {"a: b": "192.0.2.1"}},
        {"primary": {"a": "192.0.2.1}, b: {address: 192.0.2.2"}},
        {"user": "root}\nx: {"},
        {"name": "a\u200bb"},
        {"port": 0},
    ],
)
def test_answers_that_have_no_place(answers: dict[str, Any]) -> None:
    with pytest.raises(Findings):
        starter(answers=answers)


INVENTORY = {
    "_meta": {
        "hostvars": {
            "db1.example.test": {
                "ansible_host": "10.0.0.5",
                "ansible_user": "admin",
                "ansible_port": "2222",
                "ansible_ssh_private_key_file": "~/.ssh/work",
            },
            "nas-é": {"ansible_host": "10.1.0.5"},
            "named.example.test": {},
        }
    },
    "all": {"children": ["ungrouped", "prod", "secours"]},
    "prod": {"children": ["databases"], "hosts": ["named.example.test"]},
    "databases": {"hosts": ["db1.example.test"], "children": ["prod"]},
    "secours": {"hosts": ["nas-é"]},
}


def test_inventory_with_groups() -> None:
    assert from_inventory(INVENTORY) == {
        "primary": {"db1": "10.0.0.5"},
        "standby": {"nas-e": "10.1.0.5"},
        "user": "admin",
        "port": 2222,
        "key_file": "~/.ssh/work",
    }
    policy = load_text(starter("fr", inventory=INVENTORY))
    assert policy.machines["db1"].connection.port == 2222
    assert policy.systems["database"].runs_on == {"primary": "db1", "standby": "nas-e"}


def test_inventory_without_groups() -> None:
    inventory = {
        "_meta": {"hostvars": {}},
        "all": {"children": ["ungrouped"]},
        "ungrouped": {"hosts": ["10.0.0.1", "10.0.0.2"]},
    }
    answers = from_inventory(inventory)
    assert answers == {"primary": {"machine-10-0-0-1": "10.0.0.1"}, "standby": {"machine-10-0-0-2": "10.0.0.2"}}
    assert starter(inventory=inventory)


def test_inventory_with_one_short_name_on_both_sides() -> None:
    hosts = {"web.a.test": {"ansible_host": "10.0.0.1"}, "web.b.test": {"ansible_host": "10.1.0.1"}}
    inventory = {
        "_meta": {"hostvars": hosts},
        "primary": {"hosts": ["web.a.test"]},
        "standby": {"hosts": ["web.b.test"]},
    }
    assert from_inventory(inventory) == {"primary": {"web": "10.0.0.1"}, "standby": {"web-standby": "10.1.0.1"}}
    assert starter(inventory=inventory)


def test_empty_inventory() -> None:
    assert from_inventory({}) == {}
