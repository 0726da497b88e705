# SPDX-License-Identifier: Apache-2.0
"""A policy to start from, of about forty lines, that can be compiled as it is.

It is written with comments, hence from a template; each value is put into it as JSON, which YAML reads as the same.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from bascule.language import load_text
from bascule.resources import resource
from bascule.starter_text import TEMPLATE, WORDS
from bascule.values import RESERVED

SCHEMA = "schemas/policy/v1.schema.json"

# What is written when no answer was given; addresses are those that documents use for examples.
DEFAULTS: Mapping[str, Any] = {
    "id": "my-firm",
    "primary": {"server1": "192.0.2.11"},
    "standby": {"server2": "198.51.100.11"},
    "user": "dr",
    "port": 22,
    "key_file": "~/.ssh/bascule",
    "copies_key_file": "~/.config/bascule/copies.key",
    "cluster": "15/main",
    "paths": ["/srv/documents"],
    "url": "http://orders.example.test/",
}
# Names of inventory groups that say at which side their machines are.
_GROUPS = {
    "primary": ("primary", "site_primary", "production", "prod", "principal"),
    "standby": ("standby", "site_standby", "secours", "dr", "pra", "backup"),
}


def starter(
    language: str = "en",
    answers: Mapping[str, Any] | None = None,
    inventory: Mapping[str, Any] | None = None,
    schema: str = SCHEMA,
) -> str:
    """Given what is known of the firm, return the text of a policy that ``language.load_text`` accepts.

    ``language`` is ``en`` or ``fr``, also of the comments. ``answers`` has any of the keys of ``DEFAULTS``, and
    ``name``, ``activity`` and ``say`` as texts; ``primary`` and ``standby`` map names of machines to IPv4 addresses, of
    which the first runs everything. ``inventory`` is what ``ansible-inventory --list`` prints, as JSON that was read.
    ``schema`` is the path of the schema from the policy, for editors. Raise Findings when an answer has no place in a
    policy.
    """
    known = {**proposals(language, from_inventory(inventory or {})), **(answers or {})}
    primary, standby = next(iter(known["primary"])), next(iter(known["standby"]))
    values = {name: json.dumps(value, ensure_ascii=False) for name, value in known.items()}
    values |= {
        "id": _plain(known["id"]),
        "language": language,
        "schema": re.sub(r"\s", "%20", schema),
        "machine": _plain(primary),
        "other": _plain(standby),
        "primary": _machines(known["primary"]),
        "standby": _machines(known["standby"]),
        "paths": "[" + ", ".join(_plain(path) for path in known["paths"]) + "]",
        "cluster": _plain(known["cluster"]),
        "user": _plain(known["user"]),
        "key_file": _plain(known["key_file"]),
        "copies_key_file": _plain(known["copies_key_file"]),
    }
    comments = {name: word for name, word in WORDS[language].items() if name.startswith("c_")}
    text = TEMPLATE.format(**{**values, **comments})
    load_text(text, "policy.yml")
    return text


def proposals(language: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return every answer that a starter takes: those that are given, for the rest what is written without them."""
    return {**DEFAULTS, **WORDS[language], **answers}


def schema_files() -> dict[str, str]:
    """Return the files that ``SCHEMA`` needs beside the policy for editors, by path: the schema and those it names."""
    folder = resource("schemas")
    files = [folder / "policy" / "v1.schema.json", *sorted((folder / "systems").glob("*.schema.json"))]
    return {f"schemas/{file.relative_to(folder).as_posix()}": file.read_text(encoding="utf-8") for file in files}


def from_inventory(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """Given the JSON of ``ansible-inventory --list``, return answers: machines by side, user, port and key file.

    Sides are told by the names of groups (primary, production, standby, secours and so on); with none of them the first
    host is the primary's and the second the standby's. A host without an IPv4 address is left out.
    """
    hostvars: Mapping[str, Any] = inventory.get("_meta", {}).get("hostvars", {})
    hosts = _hosts(inventory, "all", set()) or list(hostvars)
    sides = {side: _group(inventory, names) for side, names in _GROUPS.items()}
    if not sides["primary"] and not sides["standby"]:
        sides = {"primary": hosts[:1], "standby": hosts[1:2]}
    answers: dict[str, Any] = {}
    taken: set[str] = set()
    for side, members in sides.items():
        machines = {}
        for host in members:
            address = _address(host, hostvars.get(host, {}))
            name = _identifier(host)
            name = name if name not in taken else f"{name}-{side}"
            if address and name not in taken:
                taken.add(name)
                machines[name] = address
        if machines:
            answers[side] = machines
    for host in hosts:
        _connection(hostvars.get(host, {}), answers)
    return answers


def _connection(host: Mapping[str, Any], answers: dict[str, Any]) -> None:
    user, port, key = (host.get(f"ansible_{word}") for word in ("user", "port", "ssh_private_key_file"))
    if isinstance(user, str) and re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", user):
        answers.setdefault("user", user)
    if str(port).isdigit():
        answers.setdefault("port", int(str(port)))
    if isinstance(key, str) and key.startswith(("~/", "/")):
        answers.setdefault("key_file", key)


def _hosts(inventory: Mapping[str, Any], group: str, seen: set[str]) -> list[str]:
    """Return the hosts of a group and of its children, each once, in the inventory's order."""
    if group in seen:
        return []
    seen.add(group)
    entry = inventory.get(group, {})
    found = dict.fromkeys(entry.get("hosts", []))
    for child in entry.get("children", []):
        found |= dict.fromkeys(_hosts(inventory, child, seen))
    return list(found)


def _group(inventory: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    by_name = {name.lower().replace("-", "_"): name for name in inventory}
    return next((_hosts(inventory, by_name[name], set()) for name in names if name in by_name), [])


def _address(host: str, variables: Mapping[str, Any]) -> str | None:
    for candidate in (variables.get("ansible_host"), host):
        try:
            return str(IPv4Address(str(candidate)))
        except AddressValueError:
            continue
    return None


def _identifier(host: str) -> str:
    label = host if re.fullmatch(r"[0-9.]+", host) else host.split(".")[0]
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50]
    return name if name[:1].isalpha() and name not in RESERVED else f"machine-{name}".rstrip("-")


def _machines(machines: Mapping[str, str]) -> str:
    written = [f"{_plain(name)}: {{address: {_plain(address)}}}" for name, address in machines.items()]
    return "{" + ", ".join(written) + "}"


def _plain(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_~/][A-Za-z0-9_./~-]*", text) else json.dumps(text, ensure_ascii=False)
