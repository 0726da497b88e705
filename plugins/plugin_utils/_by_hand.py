# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of a switch group, for those who set them and for the day on which a person has to."""

from __future__ import annotations

from typing import Any, Mapping


def records_of(group: Any, side: str) -> dict[str, str]:
    """Each name of the plan's switch group in full, with its address at `side`."""
    return {str(entry["fqdn"]): str(entry["addresses"][side]) for entry in group["names"]}


def by_hand(switch: Any, records: Mapping[str, str]) -> str:
    """What a person can do where names do not obey us: the records, as they are typed."""
    typed = "; ".join(f"{name}. {switch['ttl_s']} IN {'AAAA' if ':' in address else 'A'} {address}"
                      for name, address in records.items())
    return (f"What is recovered stays recovered. Start again once that is put right, or set by hand: {typed}, "
            "and start again: the run goes on from there.")
