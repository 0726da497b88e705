# SPDX-License-Identifier: Apache-2.0
"""What moto gets wrong and the double cannot do without. Each cure says what AWS does."""

from __future__ import annotations

from bascule_double.moto import addresses, conditions, images, order, power, refusals, tagging, user_data

APPLIED: list[bool] = []


def apply() -> None:
    """Apply all cures to the moto of this process, once."""
    if APPLIED:
        return
    APPLIED.append(True)
    for module in (images, addresses, conditions, order, power, refusals, tagging, user_data):
        module.cure()
