# SPDX-License-Identifier: Apache-2.0
"""The ways in which a system can be recovered, from its registered type, protections and the provider of the standby.

| way | copies | machine at the standby | software on it |
|---|---|---|---|
| accept | none | none | – |
| rebuild | none: it keeps nothing | made or bought when needed | then |
| offline | on a medium that is taken away | made or bought when needed | then |
| elsewhere | at the third place only | made or bought when needed | then |
| restore | in storage at the standby | made or bought when needed | then |
| pilot | with history, on the machine | runs, its data ready to be brought back | nothing of the firm's own |
| warm | with history, on the machine | runs | the firm's own, kept in step |
| live | a live one, and history | runs | – |

What is in a cloud's words a pilot light is a data system that is `pilot` or `live` and a service that is `rebuild`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bascule.analysis import lines
from bascule.analysis.copies import Copy, Window
from bascule.analysis.firm_systems import copies_of
from bascule.assumptions import MEDIUM_KEEP_S, MEDIUM_S, SECONDS
from bascule.plan import Part
from bascule.policy import Policy, Protection
from bascule.policy import System as Written
from bascule.predict import NOTHING_MEASURED, first_steps, start, volume
from bascule.protections import IN_A_BUCKET, protection
from bascule.providers import provider
from bascule.systems import system_type, type_of
from bascule.values import DAY

ACCEPT, REBUILD, OFFLINE, ELSEWHERE, RESTORE, PILOT, WARM, LIVE = WAYS = (
    "accept", "rebuild", "offline", "elsewhere", "restore", "pilot", "warm", "live"
)  # fmt: skip
# Where a medium is kept that is in nobody's reach.
MEDIUM = "offline:medium"
_KEEP_S = 30 * DAY
_AWAY_S = 3600.0


@dataclass(frozen=True)
class Way:
    """One way for one system. ``protect`` is what would be written in the policy; ``runs``: whether the machine of the
    standby runs before the disaster; ``steps``: what the recovery takes before and after the data are brought.

    ``by_hand``: nobody but people can do it, this version compiles nothing for it.
    """

    id: str
    protect: tuple[Protection, ...] = ()
    copies: tuple[Copy, ...] = ()
    runs: bool = False
    waits: tuple[Part, ...] = ()
    begin: tuple[Part, ...] = ()
    finish: tuple[Part, ...] = ()
    by_hand: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the copies of a system should be: the most they may lack, how far they reach back, the secret they need;
    or what is written of them.
    """

    loss_s: float
    keep_s: int = _KEEP_S
    key: str | None = None
    written: tuple[Protection, ...] = ()


def ways_of(policy: Policy, written: Written, wanted: Wanted) -> tuple[Way, ...]:
    """Given a policy, one of its systems and what its copies should be, return its ways, the slowest first."""
    kind = type_of(policy, written)
    if not kind.keeps(kind.settings(policy, written)):
        return tuple(_without_data(policy, written))
    return (Way(ACCEPT), *(way for make in _WITH_DATA for way in make(policy, written, wanted)))


def _without_data(policy: Policy, written: Written) -> Iterator[Way]:
    yield Way(ACCEPT)
    yield _late(policy, written, Way(REBUILD))
    yield _there(policy, written, Way(_waiting(written)))


def _waiting(written: Written) -> str:
    """Return what a system is called whose machine runs: warm where software of the firm's own is kept in step."""
    return WARM if system_type(written.type).configured else PILOT


def _late(policy: Policy, written: Written, way: Way) -> Way:
    """Complete a way whose machine is made when it is needed, or bought."""
    site = policy.sites[policy.machines[written.runs_on["standby"]].site]
    builds = provider(site.provider).builds
    waits = () if builds else (Part("deliver", SECONDS["deliver"], "default"),)
    by_hand = way.by_hand or not builds
    return replace(way, waits=waits, begin=first_steps(True), finish=_start(policy, written), by_hand=by_hand)


def _there(policy: Policy, written: Written, way: Way) -> Way:
    """Complete a way whose machine runs before the disaster."""
    return replace(way, runs=True, begin=first_steps(late=False), finish=_start(policy, written))


def _start(policy: Policy, written: Written) -> tuple[Part, ...]:
    kind = type_of(policy, written)
    return start(kind, kind.settings(policy, written), policy.measured.get(written.id, NOTHING_MEASURED))


def _protections(written: Written, wanted: Wanted, live: bool) -> tuple[Protection, ...] | None:
    """Return what is written to have a copy with history, and with ``live`` one more; None where there is none."""
    if wanted.written:
        return wanted.written if live == any(protection(item.by).live for item in wanted.written) else None
    names = system_type(written.type).copied_by
    history = [name for name in names if not protection(name).live]
    alive = [name for name in names if protection(name).live]
    if live and not alive:
        return None
    chosen = [*(alive[:1] if live else ()), *history[:1]]
    return tuple(protection(name).within(wanted.loss_s, wanted.keep_s, wanted.key) for name in chosen)


def _offline(policy: Policy, written: Written, wanted: Wanted) -> Iterator[Way]:
    data = volume(written, policy.machines[written.runs_on["standby"]])
    fetch = Part("fetch_medium", SECONDS["fetch_medium"], "default")
    read = Part("restore", round(data.size_bytes / data.restore_bytes_per_s, 1), data.source)
    copy = Copy(f"copy:{written.id}/{OFFLINE}", MEDIUM, OFFLINE, (Window(MEDIUM_S, _AWAY_S),), MEDIUM_KEEP_S, False,
                (fetch, read))  # fmt: skip
    yield _late(policy, written, Way(OFFLINE, copies=(copy,), by_hand=True))


def _elsewhere(policy: Policy, written: Written, wanted: Wanted) -> Iterator[Way]:
    place = next(iter(policy.copies.values()), None)
    protect = _protections(written, wanted, live=False)
    if place is None or not protect:
        return
    site, (first, *_) = policy.machines[place.machine].site, _copies(policy, written, protect, late=False)
    data = volume(written, policy.machines[written.runs_on["standby"]])
    sent_s = SECONDS["push"] + lines.sending_s(policy, "primary", site, data, first.path[0].accumulate_s)
    way = (Window(first.path[0].accumulate_s, sent_s),)
    bring = (lines.fetching(policy, site, "standby", data), *first.bring)
    copy = replace(first, id=f"copy:{written.id}/{ELSEWHERE}", at=f"machine:{place.machine}", path=way, bring=bring)
    yield _late(policy, written, Way(ELSEWHERE, protect, (copy,), by_hand=True))


def _restore(policy: Policy, written: Written, wanted: Wanted) -> Iterator[Way]:
    site = policy.machines[written.runs_on["standby"]].site
    builds = provider(policy.sites[site].provider).builds
    if (protect := _protections(written, wanted, live=False)) and (not builds or _to_bucket(policy, site, protect)):
        kept = f"bucket:{site}" if builds else f"site:{site}"
        first, *others = _copies(policy, written, protect, late=False)
        yield _late(policy, written, Way(RESTORE, protect, (replace(first, at=kept), *others)))


def _to_bucket(policy: Policy, site: str, protect: tuple[Protection, ...]) -> bool:
    """Return whether copies of these kinds can be written where no machine of the site runs."""
    cloud = policy.sites[site].cloud
    return bool(cloud and cloud.writer) and all(copy.by in IN_A_BUCKET for copy in protect)


def _running(live: bool) -> Callable[[Policy, Written, Wanted], Iterator[Way]]:
    def make(policy: Policy, written: Written, wanted: Wanted) -> Iterator[Way]:
        if protect := _protections(written, wanted, live):
            copies = _copies(policy, written, protect, late=False)
            yield _there(policy, written, Way(LIVE if live else _waiting(written), protect, copies))

    return make


def _copies(policy: Policy, written: Written, protect: tuple[Protection, ...], late: bool) -> tuple[Copy, ...]:
    machine = frozenset({written.runs_on["standby"]}) if late else frozenset[str]()
    return copies_of(policy, replace(written, protect=protect), machine)


_WITH_DATA = (_offline, _elsewhere, _restore, _running(live=False), _running(live=True))
