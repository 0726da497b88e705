# SPDX-License-Identifier: Apache-2.0
"""Puts the files that are not Python packages into the wheel, as `carried` of pyproject.toml says."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarriedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the carried files to a real wheel only: an editable install reads them from the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds."""
        if version != "editable":
            build_data["force_include"].update(self.config["carried"])
