# SPDX-License-Identifier: Apache-2.0
"""The list of what belongs to a compiled folder, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib

from bascule.emit.tree import File, Tree, text_file

NAME = "MANIFEST.sha256"
# Made on the spot, differently each time: never part of what the compiler answers for.
NOT_LISTED = ("outputs", "runs", "wheels")


def manifest(tree: Tree) -> File:
    """Given the files of a folder, return the manifest: one `DIGEST  PATH` a line, sorted by path."""
    lines = (f"{hashlib.sha256(tree[path].content).hexdigest()}  {path}\n" for path in sorted(tree) if path != NAME)
    return text_file("".join(lines))


def listed(content: bytes) -> dict[str, str]:
    """Given the bytes of a manifest, return the digest of each path. Lines of another form are left out."""
    rows = (line.partition("  ") for line in content.decode(errors="replace").splitlines())
    return {path: digest for digest, _, path in rows if path}
