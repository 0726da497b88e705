# SPDX-License-Identifier: Apache-2.0
"""What the two sides of a system no longer share, and what that would break at an activation.

Machines tell *facts*, in sections (`plugins/module_utils/facts_*.py`). `sections` compares them, one function a
section, without a clock or a network; `seen` takes the facts out of a run's journal and says which activities are hit.
"""

from __future__ import annotations
