# SPDX-License-Identifier: Apache-2.0
"""The policy pack of a standby site: rules that hold in every preview and update.

    pulumi preview --policy-pack pack                           the vendor's command line, this folder
    pulumi preview --policy-pack pack/pulumi-analyzer-bascule   any, this folder as a program

Rules are in `standby_rules`, as functions of plain data.
"""

from __future__ import annotations

from pulumi_policy import EnforcementLevel, PolicyPack
from standby_rules.policies import policies

PolicyPack("bascule-standby", policies(), enforcement_level=EnforcementLevel.MANDATORY)
