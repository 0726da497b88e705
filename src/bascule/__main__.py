# SPDX-License-Identifier: Apache-2.0
"""`python -m bascule` is the command `bascule`."""

from __future__ import annotations

import sys

from bascule.cli import main

sys.exit(main())
