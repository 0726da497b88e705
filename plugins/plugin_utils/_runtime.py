# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file of the plugins that reaches for `bascule_runtime`: beside them in a compiled folder, else installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HERE = Path(os.path.abspath(__file__))


def _homes() -> list[Path]:
    """Where the package may lie: `<folder>/lib` five floors above the collection's plugins, `src` of a checkout."""
    collection = _HERE.parents[2]
    checkout = Path(os.path.realpath(_HERE)).parents[2]
    return [collection.parents[3] / "lib", checkout / "src"]


def package_folder() -> Path:
    """The folder of the package `bascule_runtime` that this process uses."""
    import bascule_runtime

    return Path(str(bascule_runtime.__file__)).parent


def write_page(folder: Path) -> Path:
    """The page of the run in `folder`; what it needs is read now and not with every action."""
    from bascule_runtime import page

    return page.write(folder)


for _home in _homes():
    if (_home / "bascule_runtime" / "__init__.py").is_file():
        # First, also when something else put it further back: PYTHONPATH may hold another version.
        sys.path.insert(0, str(_home))
        break

from bascule_runtime import (
    built,
    dns_update,
    journal,
    moment,
    reach,
    report,
    runs,
    scope,
    secrets,
    text,
    unreached,
    way,
    words,
    workers,
)

__all__ = [
    "built", "dns_update", "journal", "moment", "package_folder", "reach", "report", "runs", "scope", "secrets", "text",
    "unreached", "way", "words", "workers", "write_page",
]
