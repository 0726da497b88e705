# SPDX-License-Identifier: Apache-2.0
"""The rules as policies of the engine."""

from __future__ import annotations

import contextlib
import functools

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from standby_rules import RULES, STACK_RULES, Rule, StackRule
from standby_rules.built import Built
from standby_rules.plan import plan


def policies() -> list[Policy]:
    """Return all policies of the pack."""
    each = [
        ResourceValidationPolicy(
            name=rule.name,
            description=rule.description,
            validate=functools.partial(_one, rule),
            enforcement_level=EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY,
        )
        for rule in RULES
    ]
    together = [
        StackValidationPolicy(
            name=rule.name,
            description=rule.description,
            validate=functools.partial(_together, rule),
            enforcement_level=EnforcementLevel.MANDATORY,
        )
        for rule in STACK_RULES
    ]
    return [*each, *together]


def _one(rule: Rule, args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Ask a rule of one resource. What is not known in a preview is asked again in the update."""
    with contextlib.suppress(UnknownValueError):
        for violation in rule.check(args.resource_type, args.props, plan()):
            report(violation, None)


def _together(rule: StackRule, args: StackValidationArgs, report: ReportViolation) -> None:
    for urn, violation in rule.check([_built(each) for each in args.resources]):
        report(violation, urn)


def _built(resource: PolicyResource) -> Built:
    uses = {name: [one.urn for one in found] for name, found in resource.property_dependencies.items()}
    return Built(resource.resource_type, resource.urn, uses)
