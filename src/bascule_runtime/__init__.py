# SPDX-License-Identifier: Apache-2.0
"""What a run needs while it runs: standard library only, Python 3.9 or later, also installed on the machines."""

from __future__ import annotations

__version__ = "0.1.0"
