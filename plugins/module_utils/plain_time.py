# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times and spans as sentences for users say them."""

from __future__ import annotations

from datetime import datetime, timezone


def utc(at: float) -> str:
    """A moment (epoch seconds) as `2026-11-23 15:10:24 UTC`."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """`35 s`, `4 min 5 s`, `2 h 10 min`, `3 d 4 h`: the two largest units that matter."""
    rest, parts = round(abs(seconds)), []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if rest >= size:
            parts.append(f"{rest // size} {unit}")
            rest %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "less than 1 s"
