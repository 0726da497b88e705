# SPDX-License-Identifier: Apache-2.0
"""Plans of the sample firm with a standby site in AWS, made by hand as the planner would make them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BASE = ROOT / "tests" / "golden" / "atelier" / "expected" / "plan.json"
READINESS = ("cold", "pilot", "warm")
GIB = 1024**3
# Name → address, disk in GiB, whether it holds data, ports.
MACHINES = {
    "db2": ("10.20.0.11", 40, True, [5432]),
    "app2": ("10.20.0.12", 20, False, [8000]),
    "files2": ("10.20.0.13", 160, True, [80]),
}
LINK = {
    "through": "files2",
    "key": {"secret": "link-standby"},
    "port": 51820,
    "tunnel": "10.98.255.0/28",
    "address": "10.98.255.1",
    "peers": {
        "files1": {
            "key": {"secret": "link-office"},
            "address": "10.98.255.2",
            "carries": ["10.99.1.0/24"],
            "at": "primary",
        },
        "outside": {"key": {"secret": "link-outside"}, "address": "10.98.255.3", "carries": [], "at": "third"},
    },
}


def runs_in(readiness: str, data: bool) -> list[str]:
    """As the contract says: cold machines only in an activation, pilot's data machines always, warm ones always."""
    return ["protect", "activate"] if readiness == "warm" or (readiness == "pilot" and data) else ["activate"]


def cloud(readiness: str, network: str = "10.20") -> dict[str, Any]:
    """What the plan says of a site; ``network`` is the first half of its range."""
    machines = {
        name: {
            "instance_type": "t3.small",
            "image": {"id": None, "owner": "136693071363", "name": "debian-12-amd64-*"},
            "subnet": "a",
            "address": address.replace("10.20", network, 1),
            "disk_bytes": disk * GIB,
            "readiness": readiness,
            "runs_in": runs_in(readiness, data),
            "data": data,
            "user": "dr",
            "ports": ports,
        }
        for name, (address, disk, data, ports) in MACHINES.items()
    }
    return {
        "region": "eu-west-3",
        "network": f"{network}.0.0/16",
        "subnets": {
            "a": {"zone": "eu-west-3a", "network": f"{network}.0.0/20"},
            "b": {"zone": "eu-west-3b", "network": f"{network}.16.0/20"},
        },
        "machines": machines,
        "link": copy.deepcopy(LINK),
        "admin": ["203.0.113.7/32"],
        "access": {"kind": "link"},
        "copies": {"keep_s": 2592000},
        "zone": {
            "zone": "atelier.test",
            "id": None,
            "ttl_s": 60,
            "names": {"erp": "erp.atelier.test", "docs": "docs.atelier.test"},
        },
        "tags": {"cost-centre": "it"},
        "budget": {"amount": 120, "currency": "EUR"},
        "state": {"url": "file://~/.bascule/state", "passphrase": {"secret": "stack-passphrase"}},
    }


def plan(readiness: str = "pilot", network: str = "10.20", **changes: Any) -> dict[str, Any]:
    """The whole plan; ``changes`` replace keys of its `cloud`."""
    whole: dict[str, Any] = json.loads(BASE.read_text(encoding="utf-8"))
    whole["policy"]["digest"] = "sha256:" + "0123456789ab" + 52 * "0"
    whole["sites"]["standby"] = {
        "provider": "aws",
        "network": f"{network}.0.0/16",
        "cloud": {**cloud(readiness, network), **changes},
    }
    for name, machine in whole["sites"]["standby"]["cloud"]["machines"].items():
        whole["machines"][name]["address"] = machine["address"]
    return whole
