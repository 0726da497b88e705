# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller at the standby gets, and what tells two of them apart: asked here and on that machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Union

MANIFEST = "MANIFEST.sha256"
# What a recovery from there needs of a site that is built, beside what is compiled.
BESIDE = ("outputs/contacts.json", "outputs/known_hosts", "outputs/standby.json")


def beside(folder: Union[str, Path]) -> list[str]:
    """Files of what was built, as far as there are any."""
    return [name for name in BESIDE if Path(folder, name).is_file()]


def digest_of(folder: Union[str, Path]) -> str:
    """SHA-256 of the manifest of a folder with what was built beside it. Raises OSError without a manifest."""
    return hashlib.sha256(b"".join(Path(folder, name).read_bytes() for name in (MANIFEST, *beside(folder)))).hexdigest()
