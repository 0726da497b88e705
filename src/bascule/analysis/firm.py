# SPDX-License-Identifier: Apache-2.0
"""Policy to model: all that an analysis is computed from."""

from __future__ import annotations

from bascule.analysis.firm_graph import nodes
from bascule.analysis.firm_risks import groups, scenarios
from bascule.analysis.firm_stakes import stakes_of
from bascule.analysis.firm_systems import systems_of
from bascule.analysis.model import Activity, Model
from bascule.assumptions import SECONDS
from bascule.cloud import built_late
from bascule.ordering import Shape, shape_of
from bascule.plan import Part
from bascule.policy import Policy
from bascule.predict import before_all
from bascule.switches import switch


def model_of(policy: Policy) -> Model:
    """Given a policy whose references are right, return its model. Raise UnknownKind for what this version lacks."""
    shape = shape_of(policy)
    systems = systems_of(policy, shape)
    before = (*_response(policy), *before_all(built_late(policy)))
    kind = switch(policy.switch.kind)
    ending = (*kind.parts(kind.entry(policy.switch)), Part("ask", SECONDS["ask"], "default"))
    return Model(
        graph=nodes(policy, shape, systems, before, ending),
        systems=systems,
        activities=_activities(policy, shape),
        scenarios=scenarios(policy),
        groups=groups(policy),
        before=before,
        ending=ending,
    )


def _response(policy: Policy) -> tuple[Part, ...]:
    """Return what goes by before a recovery begins; what nobody declared is counted as nothing, and listed so."""
    said = {"notice": policy.response.notice_s, "decide": policy.response.decide_s}
    return tuple(Part(name, seconds, "declared") for name, seconds in said.items() if seconds is not None)


def _activities(policy: Policy, shape: Shape) -> dict[str, Activity]:
    group_of = {name: group for group, members in shape.groups.items() for name in members}
    return {
        name: Activity(
            serves=f"activity:{name}@primary",
            recovers=f"activity:{name}@standby",
            depends=shape.depends[name],
            moves=shape.moves[group_of[name]],
            rto_s=activity.target.rto_s,
            rpo_s=activity.target.rpo_s,
            mtpd_s=activity.mtpd_s,
            pdma_s=activity.need.pdma_s,
            stakes=stakes_of(activity),
        )
        for name, activity in policy.activities.items()
    }
