# SPDX-License-Identifier: Apache-2.0
"""Where the files are that come with the package: schemas, documents, playbooks, plugins, stacks."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# From a wheel, files lie in the first or, where Ansible looks for them, in the second; in a checkout in the third.
_ROOTS = (_PACKAGE / "_data", _PACKAGE.parent / "ansible_collections" / "bascule" / "continuity", _PACKAGE.parents[1])


def resource(*parts: str) -> Path:
    """Given the parts of a path such as ``("schemas", "policy", "v1.schema.json")``, return where it is.

    Raise FileNotFoundError when it did not come with this installation.
    """
    for root in _ROOTS:
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    raise FileNotFoundError(f"{'/'.join(parts)} did not come with this installation of bascule; install it again")
