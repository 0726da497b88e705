# SPDX-License-Identifier: Apache-2.0
"""`python -m bascule_double`."""

from __future__ import annotations

import sys

from bascule_double.cli import main

if __name__ == "__main__":
    sys.exit(main())
