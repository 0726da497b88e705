# SPDX-License-Identifier: Apache-2.0
"""The only writer of YAML. Text of the policy is marked `!unsafe`, so that Ansible never evaluates it."""

from __future__ import annotations

from typing import Any

import yaml


class Unsafe(str):
    """Text that comes from the policy: data for ever, whatever it contains."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _unsafe(dumper: yaml.SafeDumper, value: Unsafe) -> yaml.Node:
    return dumper.represent_scalar("!unsafe", str(value))


_Dumper.add_representer(Unsafe, _unsafe)


def dump(value: Any, comment: str = "") -> str:
    """Given plain data with `Unsafe` strings in it, return YAML in blocks, in the order given, after the comment."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    body = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    return f"{head}---\n{body}"
