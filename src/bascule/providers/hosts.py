# SPDX-License-Identifier: Apache-2.0
"""Machines that exist already."""

from __future__ import annotations

from collections.abc import Mapping

from bascule import policy
from bascule.plan import Site
from bascule.providers import Provider


def _site(written: policy.Policy, site: policy.Site) -> Site:
    return Site("hosts", site.network)


def _given(site: policy.Site) -> Mapping[str, str]:
    return {}


def _sized(machine: policy.Machine) -> str | None:
    return None


KIND = Provider(_site, _given, _sized)
