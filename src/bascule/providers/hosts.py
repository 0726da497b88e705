# SPDX-License-Identifier: Apache-2.0
"""Machines that exist already."""

from __future__ import annotations

from bascule import policy
from bascule.plan import Site
from bascule.providers import Provider


def _site(written: policy.Site) -> Site:
    return Site("hosts", written.network)


KIND = Provider(_site)
