# SPDX-License-Identifier: Apache-2.0
"""What the module of the third place is told: where the copies lie, and nothing that opens them."""

from __future__ import annotations

from typing import Any

from ansible_collections.bascule.continuity.plugins.action import third


def test_copies_of_a_guest_lie_on_its_host() -> None:
    plan = {"machines": {"host1": {"address": "192.0.2.1"}, "host2": {"address": "198.51.100.1"}}}
    system: dict[str, Any] = {
        "id": "mail",
        "machines": {"primary": "host1", "standby": "host2"},
        "addresses": {"primary": "192.0.2.40", "standby": "198.51.100.40"},
        "third": {"machine": "archive", "address": "203.0.113.1"},
        "protections": [{"by": "image", "secret": "named-for-the-copies"}],
    }
    told = third.ActionModule.prepared(None, {"system": system}, None, {}, plan, {})["system"]
    assert told["addresses"] == {"primary": "192.0.2.1", "standby": "198.51.100.1"}
    assert set(told) == {"id", "machines", "addresses", "third"}


def test_a_system_without_a_machine_of_its_own_keeps_its_address() -> None:
    system = {
        "id": "ledger",
        "machines": {"primary": "mail", "standby": "mail"},
        "addresses": {"primary": "192.0.2.40", "standby": "198.51.100.40"},
        "third": {},
    }
    told = third.ActionModule.prepared(None, {"system": system}, None, {}, {"machines": {}}, {})["system"]
    assert told["addresses"] == system["addresses"]
