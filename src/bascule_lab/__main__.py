# SPDX-License-Identifier: Apache-2.0
"""`python -m bascule_lab` is the command `bascule-lab`."""

from __future__ import annotations

import sys

from bascule_lab.cli import main

sys.exit(main())
