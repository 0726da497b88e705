# SPDX-License-Identifier: Apache-2.0
"""The standby site of a plan, in AWS. What is built is decided in `standby_aws.decisions`, built in `.components`."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
from standby_aws import blueprint, site
from standby_aws.inputs import request, situation

config = pulumi.Config("bascule")
plan = (Path(__file__).parent / (config.get("plan") or "../plan.json")).resolve()
asked = request(
    phase=config.get("phase"),
    drill=config.get("drill"),
    expires=config.get("expires"),
    public_key=config.get("publicKey"),
    copies=config.get("copies"),
)
decided = blueprint.decide(situation(json.loads(plan.read_text(encoding="utf-8")), asked))
for note in decided.notes:
    pulumi.log.warn(note)
pulumi.export("bascule", site.build(decided))
