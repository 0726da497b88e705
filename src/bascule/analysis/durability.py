# SPDX-License-Identifier: Apache-2.0
"""How long two copies last when one of them can go bad unseen: what checking them, and keeping them apart, is worth.

Baker et al., A fresh look at the reliability of long-term digital storage, EuroSys 2006 (arXiv cs/0508130).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

YEAR_H = 8_760.0


@dataclass(frozen=True)
class Copies:
    """Two copies of the same data, times in hours.

    ``latent_h``: mean time until one of them goes bad unseen. ``repair_h``: how long mending it takes. ``checked_h``:
    time from one check to the next, None when nobody ever checks. ``together``: 1 when the two have nothing in common,
    less when what strikes one is likely to strike the other.
    """

    latent_h: float
    repair_h: float
    checked_h: float | None = None
    together: float = 1.0

    @property
    def unseen_h(self) -> float:
        """How long a bad copy stays unseen on average: half the time between checks; else as long as copies last."""
        return self.latent_h if self.checked_h is None else self.checked_h / 2


def mean_years_to_loss(copies: Copies) -> float:
    """Return the mean time until both copies are bad at once, in years, where bad copies are mostly those unseen.

    MTTDL ≈ α · ML² / (MRL + MDL).
    """
    return copies.together * copies.latent_h**2 / (copies.repair_h + copies.unseen_h) / YEAR_H


def chance_of_loss(copies: Copies, years: float) -> float:
    """Return the chance (0 to 1) that both copies are bad at once within so many years."""
    return 1 - math.exp(-years / mean_years_to_loss(copies))
