# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables given with -e: those that no driver knows, and those that would override what the run goes by."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional

import yaml

Refusal = Optional[tuple[str, str]]
EXTRA = frozenset({"copies", "drills", "everything", "only", "recovery_point", "restart", "scenario", "since",
                   "takeover"})
# Names that Ansible and the roles of a system are steered by.
STEERING = ("ansible_", "bascule")


class _Loader(yaml.SafeLoader):
    """Reads steps as plain values, whatever tags are in them."""


_Loader.add_multi_constructor("", lambda loader, suffix, node: None)


def _keys(text: str) -> list[str]:
    if text.startswith("@"):
        return []
    if text.lstrip()[:1] in ("{", "["):
        data = yaml.safe_load(text)
        return [str(key) for key in data] if isinstance(data, dict) else [text]
    return [word.partition("=")[0] for word in shlex.split(text)]


def strange_variables(cli: Any) -> Refusal:
    """Extra variables that no driver knows: a typing mistake would widen the run without a word."""
    try:
        given = [key for text in cli.get("extra_vars") or () for key in _keys(str(text))]
    except (ValueError, yaml.YAMLError):
        return "bad-variables", "The text after -e cannot be read. Write -e name=value, each with its own -e."
    strange = sorted(set(given) - EXTRA)
    if not strange:
        return None
    hint = " The reason goes into the environment: BASCULE_DECLARE='…'" if "declare" in strange else ""
    return ("strange-variables", f"-e {', '.join(strange)}: no driver knows this. Known: {', '.join(sorted(EXTRA))}. "
            f"Variables of your own can be given as a file, -e @FILE.{hint}")


def overriding(given: Iterable[str], playbooks: Iterable[Path]) -> Refusal:
    """Of the variables that came with -e in whatever way, those that would take the place of what `playbooks` set."""
    names = set(given) - EXTRA
    if not names:
        return None
    ours = {name for path in playbooks for name in _set_by(_read(path))}
    bad = sorted(name for name in names if name in ours or name.startswith(STEERING))
    if not bad:
        return None
    return ("overriding-variables", f"-e {', '.join(bad)} would take the place of what the run itself goes by. "
            "Take it out of the file; what machines are called and how they are reached is said in the policy.")


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def _set_by(node: Any) -> Iterator[str]:
    """Names that plays and tasks set: `vars`, `register`, `loop_var`."""
    if isinstance(node, list):
        for entry in node:
            yield from _set_by(entry)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("register", "loop_var"):
                yield str(value)
            elif key == "vars" and isinstance(value, dict):
                yield from (str(name) for name in value)
            else:
                yield from _set_by(value)
