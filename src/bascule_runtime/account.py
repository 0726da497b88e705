# SPDX-License-Identifier: Apache-2.0
"""Who decided and did what in a run, and which copies it went back to."""

from __future__ import annotations

from typing import Optional

from bascule_runtime import measure
from bascule_runtime.events import Event, Run


def people(run: Run) -> Event:
    """`{"user", "controller", "roles", "may_declare"}`: who started the run, and the policy's roles.

    Each role is `{"id", "name", "deputy", "owns"}`; `owns` are the activities in scope.
    """
    first = next((event for event in run.events if event["event"] == "run_started"), {})
    written = (run.plan.get("firm") or {}).get("roles") or {}
    owned: dict[str, list[str]] = {}
    for name in run.scope("activity"):
        owner = run.plan["activities"][name].get("owner")
        if owner:
            owned.setdefault(str(owner), []).append(name)
    roles = [{"id": name, "name": (written.get(name) or {}).get("name"), "owns": owned.get(name, []),
              "deputy": (written.get(name) or {}).get("deputy")} for name in dict.fromkeys([*written, *owned])]
    return {"user": first.get("user"), "controller": first.get("controller"), "roles": roles,
            "may_declare": [name for name, role in written.items() if "declare" in (role.get("may") or ())]}


def tools(run: Run) -> Event:
    """Versions of what the run was made with, as the journal has them."""
    first = next((event for event in run.events if event["event"] == "run_started"), {})
    return {"ansible": first.get("ansible"), "python": first.get("python"), "bascule": run.plan.get("bascule")}


def recovered(run: Run) -> list[Event]:
    """For each system with data that the run recovered: the point it went back to, and what that costs.

    `at` is the moment that its data are from (epoch), `is` how that is known (`heartbeat`, `point`, None), `loss_s` the
    time from there to the disruption, else to the start of the run (`loss_is` is then `at_most`).
    """
    return [entry for name in run.scope("system") if (entry := _recovered(run, name)) is not None]


def _recovered(run: Run, name: str) -> Optional[Event]:
    unit = f"system.{name}"
    done = next(run.evidence(unit, "recover"), None)
    if done is None or not run.plan["systems"][name].get("protections"):
        return None
    found, at_disruption = done["evidence"], disruption(run, name)
    begin = at_disruption if at_disruption is not None else run.started
    at, is_heartbeat, why = measure.recovered_to(run, name, begin)
    loss: Event = {"is": None, "loss_s": None, "loss_is": None}
    if at is not None:
        exact = is_heartbeat and at_disruption is not None
        loss = {"is": "heartbeat" if is_heartbeat else "point", "loss_s": round(max(0.0, begin - at), 1),
                "loss_is": "exact" if exact else "at_most"}
    return {"id": name, "machine": done.get("machine"), "strategy": found.get("strategy"), "at": at, **loss,
            "point": found.get("point"), "why": found.get("why") or why, "durations_s": found.get("durations_s") or {}}


def disruption(run: Run, system: str) -> Optional[float]:
    """When the first of the activities that use a system was disrupted, where anybody knows."""
    seen = [measure.disruption(run, run.found(f"activity.{name}", "ask").get("outage") or {})[0]
            for name in run.scope("activity") if system in run.plan["activities"][name]["systems"]]
    return min((moment for moment in seen if moment is not None), default=None)
