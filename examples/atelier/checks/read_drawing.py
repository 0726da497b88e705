# SPDX-License-Identifier: Apache-2.0
"""Read a drawing taken at random, as a joiner would, and compare it with the checksum that it must have."""

from __future__ import annotations

import hashlib
import random
import sys

from marked import NotUsableError, ask, main

URL = "http://docs.atelier.test/"


def read_drawing() -> dict[str, str]:
    """Fetch the list of checksums and one of the drawings."""
    lines = ask(URL + "SHA256SUMS").decode().splitlines()
    wanted, name = random.choice(lines).split("  ", 1)
    if hashlib.sha256(ask(URL + name)).hexdigest() != wanted:
        raise NotUsableError(f"the drawing {name} is not the one in SHA256SUMS")
    return {"who": f"{len(lines)} drawings, {name} as it must be"}


if __name__ == "__main__":
    sys.exit(main(read_drawing, lambda records: []))
