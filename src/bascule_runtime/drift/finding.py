# SPDX-License-Identifier: Apache-2.0
"""What a comparison finds: each kind of difference with how bad it is, what it would do, and the cure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

Facts = Mapping[str, Any]
Found = Tuple[str, Dict[str, Any]]
Say = Callable[[str], str]
LEVELS = ("breaks", "degrades", "note")


@dataclass(frozen=True)
class About:
    """What a comparison is about: the plan's entry of the system, the machine that serves it now (`source`), the one
    that would take over (`target`), the time (epoch seconds), how long the other side may have to serve (seconds)."""

    system: Mapping[str, Any]
    source: str
    target: str
    now: float
    longest_s: float

    @property
    def id(self) -> str:
        return str(self.system["id"])


Comparison = Callable[[Any, Any, About], Iterator[Found]]


@dataclass(frozen=True)
class Kind:
    """One kind of difference: `breaks`, `degrades` or `note`; `would` and `cure` are words of the glossary."""

    level: str
    would: str
    cure: str


KINDS: Mapping[str, Kind] = {
    "never_seen": Kind("degrades", "unknown", "plug_in"),
    "not_compared": Kind("degrades", "unknown", "read_there"),
    "pg_missing": Kind("breaks", "not_start", "install_release"),
    "pg_major": Kind("breaks", "not_start", "install_release"),
    "pg_minor": Kind("note", "other_fixes", "same_minor"),
    "pg_setting": Kind("breaks", "not_start", "carry_settings"),
    "pg_library": Kind("breaks", "not_start", "install_library"),
    "pg_preload": Kind("degrades", "functions_lack", "same_preload"),
    "pg_extension": Kind("breaks", "queries_fail", "install_extension"),
    "pg_extension_version": Kind("note", "other_fixes", "same_packages"),
    "pg_collation": Kind("breaks", "wrong_sorting", "reindex"),
    "pg_collation_old": Kind("degrades", "sorted_wrong_now", "reindex_now"),
    "pg_icu": Kind("breaks", "wrong_sorting", "reindex"),
    "pg_locale": Kind("breaks", "no_connection", "make_locale"),
    "pg_tablespace": Kind("breaks", "not_start", "make_folder"),
    "pg_role_ends": Kind("degrades", "no_login", "renew_password"),
    "copies_tool": Kind("degrades", "copies_stop", "same_packages"),
    "tool": Kind("note", "other_fixes", "same_packages"),
    "unit_missing": Kind("breaks", "not_start", "build_or_role"),
    "unit_differs": Kind("degrades", "behaves_otherwise", "build_or_role"),
    "program_missing": Kind("breaks", "not_start", "build_or_role"),
    "program_differs": Kind("degrades", "behaves_otherwise", "build_or_role"),
    "user_missing": Kind("breaks", "not_start", "make_user"),
    "package_missing": Kind("breaks", "not_start", "install_package"),
    "package_version": Kind("degrades", "behaves_otherwise", "same_packages"),
    "package_revision": Kind("note", "other_fixes", "same_packages"),
    "configuration_missing": Kind("breaks", "not_start", "build_or_role"),
    "configuration_differs": Kind("degrades", "behaves_otherwise", "build_or_role"),
    "conffiles_differ": Kind("note", "behaves_otherwise", "look_at_both"),
    "points_back": Kind("degrades", "asks_the_dead", "use_names"),
    "certificate_missing": Kind("breaks", "not_start", "copy_certificate"),
    "certificate_ended": Kind("breaks", "users_warned", "renew_certificate"),
    "certificate_early": Kind("breaks", "users_warned", "renew_certificate"),
    "certificate_ends": Kind("degrades", "users_warned_later", "renew_certificate"),
    "certificate_names": Kind("breaks", "users_warned", "copy_certificate"),
    "owner_missing": Kind("breaks", "not_readable", "make_user"),
    "owner_number": Kind("note", "given_back", "same_numbers"),
    "architecture": Kind("breaks", "not_start", "same_architecture"),
    "release": Kind("note", "other_fixes", "same_release"),
    "timezone": Kind("degrades", "other_times", "same_timezone"),
    "room": Kind("breaks", "no_room", "make_room"),
    "clock_far": Kind("breaks", "time_refused", "set_clock"),
    "clock_off": Kind("degrades", "figures_false", "set_clock"),
    "licence_ended": Kind("breaks", "may_not_run", "renew_licence"),
    "licence_ends": Kind("degrades", "may_not_run_later", "renew_licence"),
    "licence_forbids": Kind("breaks", "may_not_run", "extend_licence"),
    "licence_file": Kind("breaks", "not_start", "copy_licence"),
}


def sentence(text: str, facts: Facts) -> str:
    """A sentence of the glossary with what was found put in; what was found is never read as a pattern itself."""
    return text.format_map({name: _shown(name, value) for name, value in facts.items()})


def _shown(name: str, value: Any) -> str:
    if name in ("until", "since") and isinstance(value, (int, float)):
        return time.strftime("%Y-%m-%d", time.gmtime(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "–" if value in (None, "") else str(value)


def told(code: str, facts: Facts, say: Say) -> Dict[str, str]:
    """What differs, what that would do and what to do, as sentences of one language."""
    kind = KINDS[code]
    return {"what": sentence(say(f"drift.{code}"), facts), "would": sentence(say(f"would.{kind.would}"), facts),
            "do": sentence(say(f"cure.{kind.cure}"), facts)}


def upstream(version: Optional[str]) -> str:
    """The part of a Debian version that names what its makers released: `1:2.4.1-3+b1` gives `2.4.1`."""
    text = str(version or "")
    text = text.partition(":")[2] if ":" in text else text
    return text.rpartition("-")[0] or text
