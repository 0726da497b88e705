# SPDX-License-Identifier: Apache-2.0
"""A standby site in AWS. `inputs` reads, `decisions` decide (no engine needed), `components` build what was decided."""
