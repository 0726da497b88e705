# SPDX-License-Identifier: Apache-2.0
"""Continuity as code: a policy is checked, planned, and compiled into a folder that recovers the firm.

The door for other programs is `bascule.api`; nothing is imported here, so that `bascule --help` stays fast.
"""

__version__ = "0.1.0"
