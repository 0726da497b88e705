# SPDX-License-Identifier: Apache-2.0
"""File a new drawing, as a drawing office would, and read it back. A record is its name, which carries its checksum."""

from __future__ import annotations

import hashlib
import sys

from marked import NotUsableError, ask, fresh, main
from read_drawing import read_drawing

URL = "http://docs.atelier.test/inbox/"


def file_drawing() -> dict[str, str]:
    """Send a drawing under a name made of its checksum; it must come back as it was."""
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg'><title>{fresh('test-drawing')}</title></svg>\n".encode()
    name = f"test-{hashlib.sha256(drawing).hexdigest()}.svg"
    ask(URL + name, drawing, "PUT")
    if not is_held(name):
        raise NotUsableError(f"the drawing {name} was acknowledged and cannot be read back")
    return {"record": name, "who": read_drawing()["who"]}


def is_held(name: str) -> bool:
    """Whether the drawing is there and is the one its name says."""
    try:
        drawing = ask(URL + name)
    except NotUsableError as error:
        if str(error).endswith(" 404"):
            return False
        raise
    return name == f"test-{hashlib.sha256(drawing).hexdigest()}.svg"


def held(names: list[str]) -> list[str]:
    """Those of the drawings that are still there."""
    read_drawing()  # a stranger's 404 is no loss: the firm's own drawings come first
    return [name for name in names if is_held(name)]


if __name__ == "__main__":
    sys.exit(main(file_drawing, held))
