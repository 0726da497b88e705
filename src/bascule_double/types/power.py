# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping and ending instances, and the machines behind them.

moto and the machine are both told; a machine that is already as it should be is left alone: moto's server tells
machines too, where it was started with the same variable.
"""

from __future__ import annotations

from bascule_double.session import Session


def stop(session: Session, instance: str) -> None:
    """Stop an instance."""
    session.client("ec2").stop_instances(InstanceIds=[instance])
    act(session, "stop", instance)


def start(session: Session, instance: str) -> None:
    """Start an instance."""
    session.client("ec2").start_instances(InstanceIds=[instance])
    act(session, "start", instance)


def terminate(session: Session, instance: str) -> None:
    """End an instance for ever."""
    session.client("ec2").terminate_instances(InstanceIds=[instance])
    act(session, "terminate", instance)


def act(session: Session, action: str, instance: str) -> None:
    """Do the same to the machine behind it."""
    if session.machines:
        session.machines.follow(action, instance)
