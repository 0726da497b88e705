# SPDX-License-Identifier: Apache-2.0
"""Plan to Ansible's inventory: machines by site, observers, and one host for each unit of the recovery."""

from __future__ import annotations

from typing import Any

from bascule.emit.tree import FolderError
from bascule.emit.yaml_out import Unsafe, dump
from bascule.plan import Machine, Plan
from bascule_runtime.workers import in_turn

_LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
_KINDS = ("system", "switch", "activity")
# Hosts and groups that drivers and Ansible name so; those of sites and units cannot be identifiers of a policy.
_TAKEN = frozenset(
    {"all", "cloud_sites", "controller", "copies", "localhost", "machines", "observers", "ungrouped", "units"}
)


def inventory(plan: Plan) -> str:
    """Given a plan, return `inventory/hosts.yml`. The hosts of the group `units` are in the order of `in_turn`.

    Raise FolderError for a machine that has a name which the drivers need.
    """
    taken = sorted(_TAKEN & plan.machines.keys())
    if taken:
        raise FolderError(
            f"no machine may be called {taken[0]}, since the drivers use that name; rename it in the policy"
        )
    groups = {
        "machines": _machines(plan),
        "observers": {"hosts": {observer.machine: {} for observer in plan.observers.values()}},
        "copies": {"hosts": {system.third.machine: {} for system in plan.systems.values() if system.third}},
        "units": _units(plan),
        **_clouds(plan),
        **_linked(plan),
    }
    return dump({"all": {"hosts": {"controller": dict(_LOCAL)}, "children": groups}}, _made_by(plan))


def _clouds(plan: Plan) -> dict[str, Any]:
    """One host for each site that is built, at which its steps are run; no group at all where none is."""
    hosts: dict[str, Any] = {f"site.{name}": {} for name, site in plan.sites.items() if site.cloud}
    return {"cloud_sites": {"vars": dict(_LOCAL), "hosts": hosts}} if hosts else {}


def _linked(plan: Plan) -> dict[str, Any]:
    """Machines of the sites that a link joins, and its other ends; no group at all where there is no link."""
    links = {name: site.cloud.link for name, site in plan.sites.items() if site.cloud and site.cloud.link}
    sites = {*links, *(peer.at for link in links.values() for peer in link.peers.values() if peer.carries)}
    ends = {name for link in links.values() for name in link.peers}
    hosts: dict[str, Any] = {
        name: {} for name, machine in plan.machines.items() if name in ends or machine.site in sites
    }
    return {"linked_machines": {"hosts": hosts}} if links else {}


def standby(plan: Plan) -> str:
    """Given a plan of which a site is built, return `inventory/standby.yml`: what was built is asked of the plugin."""
    return dump({"plugin": "bascule.continuity.standby"}, _made_by(plan))


def _made_by(plan: Plan) -> str:
    return f"Made by bascule {plan.bascule} from the policy {plan.policy.digest}; change the policy, not this."


def group_of_site(site: str) -> str:
    """Given a site's identifier, return the name of its group; group names of Ansible have no hyphens."""
    return "site_" + site.replace("-", "_")


def _machines(plan: Plan) -> dict[str, Any]:
    sites = {
        group_of_site(site): {
            "hosts": {name: _host(machine) for name, machine in plan.machines.items() if machine.site == site}
        }
        for site in plan.sites
    }
    return {"vars": {"ansible_python_interpreter": "/usr/bin/python3"}, "children": sites}


def _host(machine: Machine) -> dict[str, Any]:
    become = (
        {"ansible_become": True, "ansible_become_method": Unsafe(machine.become)}
        if machine.become
        else {"ansible_become": False}
    )
    return {
        "ansible_host": Unsafe(machine.address),
        "ansible_port": machine.port,
        "ansible_user": Unsafe(machine.user),
        **become,
    }


def _units(plan: Plan) -> dict[str, Any]:
    # The hosts stand in the group itself, since Ansible lists those of child groups kind by kind.
    kinds, hosts = {unit.id: unit.kind for unit in plan.units}, in_turn({unit.id: unit.after for unit in plan.units})
    children: dict[str, Any] = {
        f"{kind}_units": {"hosts": {name: {} for name in hosts if kinds[name] == kind}} for kind in _KINDS
    }
    return {"vars": dict(_LOCAL), "hosts": {name: {} for name in hosts}, "children": children}
