# SPDX-License-Identifier: Apache-2.0
"""What a policy must keep beyond its shape: one function a rule, all of them in the tables of this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bascule.diagnostics import Diagnostic
from bascule.policy import Policy
from bascule.rules import (
    cloud_copies,
    cloud_link,
    cloud_machines,
    cloud_network,
    cloud_site,
    dependence,
    files,
    guests,
    machines,
    objectives,
    protection,
    references,
    secrets,
    strategy,
    switch,
    third,
    topology,
)

Rule = Callable[[Policy], Iterable[Diagnostic]]

# What one thing says of another must be there before anything else is asked.
FIRST: tuple[Rule, ...] = (
    references.exist,
    references.machines_once,
    references.no_cycle,
    guests.carried,
    guests.hosted,
    dependence.no_circle,
    dependence.enough,
    objectives.mtpd_known,
)
RULES: tuple[Rule, ...] = (
    files.exist,
    objectives.rto_within_mtpd,
    objectives.rpo_within_pdma,
    objectives.rpo_reached,
    objectives.observed,
    objectives.impact_grows,
    objectives.impact_fits_mtpd,
    objectives.degraded_lasts,
    protection.state_is_protected,
    protection.nothing_to_protect,
    protection.methods_once,
    protection.kept_long_enough,
    protection.history_against_damage,
    protection.copies_out_of_reach,
    protection.consistent_moment,
    topology.machines_at_their_side,
    topology.addresses_once,
    topology.networks,
    topology.addresses_in_networks,
    topology.shared_hazards,
    topology.controller_away,
    topology.observer_away,
    topology.risk_names,
    machines.units_once,
    machines.clusters_once,
    machines.paths_apart,
    machines.paths_of_others,
    guests.copied_once,
    guests.mapped,
    guests.room,
    guests.minimum_is_less,
    guests.once_on_a_host,
    guests.read_in_time,
    guests.addresses_fit,
    switch.server_survives,
    switch.ttl_fits,
    switch.limit_fits,
    switch.names_lead_there,
    switch.asked_through_the_switch,
    third.one_place,
    third.away_from_both,
    third.kept_until_fetched,
    third.fetched_at_all,
    third.controller_survives,
    cloud_network.made_by_aws,
    cloud_network.nobody_else_inside,
    cloud_network.addresses_can_be_had,
    cloud_network.tunnels,
    cloud_machines.known_sizes,
    cloud_machines.known_images,
    cloud_machines.disks,
    cloud_machines.logins,
    cloud_machines.live_copies,
    cloud_machines.copies_have_a_bucket,
    cloud_copies.writers,
    cloud_copies.databases,
    cloud_copies.not_fetched,
    cloud_machines.there_in_time,
    cloud_link.ends_here,
    cloud_link.peers_elsewhere,
    cloud_link.keys_once,
    cloud_link.copies_can_cross,
    cloud_link.observers_can_look,
    cloud_link.users_by_link,
    cloud_site.only_the_standby,
    cloud_site.regions,
    cloud_site.names,
    cloud_site.callers,
    cloud_site.public_names,
    cloud_site.certificates,
    cloud_site.budgets,
    cloud_site.state_survives,
    cloud_site.route53_has_a_site,
    secrets.used,
    secrets.connection_key,
    strategy.currency_said,
    strategy.lines_carry,
    strategy.analysed,
)


def check_first(policy: Policy) -> list[Diagnostic]:
    """Given a policy, return what is wrong with what it refers to, in order of place."""
    return _found(FIRST, policy)


def check_rest(policy: Policy) -> list[Diagnostic]:
    """Given a policy whose references are right and that leaves nothing open, return what else the rules find."""
    return _found(RULES, policy)


def _found(rules: tuple[Rule, ...], policy: Policy) -> list[Diagnostic]:
    return sorted((item for rule in rules for item in rule(policy)), key=lambda item: item.sort_key)
