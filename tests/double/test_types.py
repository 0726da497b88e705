# SPDX-License-Identifier: Apache-2.0
"""Each type through its life in moto: planned, made, read back, changed in place, replaced by a new one, gone."""

from __future__ import annotations

from typing import Any

import pytest

from bascule_double import provider
from bascule_double.invokes import invoke
from bascule_double.provider import Asked
from bascule_double.session import Session
from bascule_double.types import TYPES
from bascule_double.values import UNKNOWN, Properties

from .samples import SAMPLES, TOKENS, Ref

pytestmark = pytest.mark.slow
PREVIEWED_ONLY = {token for token in TYPES if token.startswith("aws:ec2clientvpn/")}


class World:
    """Samples that were made, in their order; each once, with what it needs."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.made: dict[str, tuple[Asked, str, Properties, Properties]] = {}
        question = {"owners": ["136693071363"], "filters": [{"name": "name", "values": ["debian-12-amd64-*"]}]}
        self.image = invoke(session, "aws:ec2/getAmi:getAmi", {**question, "mostRecent": True})[0]["id"]

    def make(self, name: str) -> tuple[Asked, str, Properties, Properties]:
        """What is asked, id, state and inputs of a sample."""
        if name not in self.made:
            asked = Asked(TOKENS.get(name, name), name.rpartition(":")[2].lower().replace(" ", "-"))
            inputs, failures = provider.checked(asked, self.resolved(SAMPLES[name].inputs), {}, b"seed", None)
            assert failures == []
            id_, state = provider.create(asked, self.session, inputs)
            self.made[name] = (asked, id_, state, inputs)
        return self.made[name]

    def resolved(self, value: Any) -> Any:
        """A value of a sample, with what it names of others."""
        if isinstance(value, Ref):
            _asked, id_, state, _inputs = self.make(value.token)
            return id_ if value.key == "id" else state[value.key]
        if isinstance(value, dict):
            return {key: self.resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        return self.image if value == "ami-debian" else value


def covers(real: Any, planned: Any) -> bool:
    """Whether what is real is what was planned, where that was known; AWS may fill in more."""
    if isinstance(real, dict) and isinstance(planned, dict):
        return all(covers(real.get(key), value) for key, value in planned.items())
    return planned is UNKNOWN or real == planned


@pytest.fixture(scope="session")
def world(opened: Session) -> World:
    return World(opened)


def test_each_type_has_a_sample() -> None:
    assert set(TYPES) - PREVIEWED_ONLY == {TOKENS.get(name, name) for name in SAMPLES}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_made_is_what_was_planned_and_written(world: World, name: str) -> None:
    asked, id_, state, inputs = world.make(name)
    planned = provider.planned(asked, world.session, inputs)
    assert set(state) - set(planned) == set()
    assert {key: (planned[key], state[key]) for key in state if not covers(state[key], planned[key])} == {}
    found = provider.read(asked, world.session, id_, state, inputs)
    assert found
    assert {key: (inputs[key], found[1].get(key)) for key in provider.changed(asked, *found, inputs, []).changed} == {}
    assert set(found[1]) == set(inputs)


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.in_place])
def test_a_change_in_place(world: World, name: str) -> None:
    asked, id_, before, inputs = world.make(name)
    # Others may have changed it: an association an address, a policy of its own a topic.
    state, _now = provider.read(asked, world.session, id_, before, inputs) or ({}, {})
    wanted = world.resolved(SAMPLES[name].in_place)
    new, failures = provider.checked(asked, inputs | wanted, inputs, b"seed", None)
    assert failures == []
    change = provider.changed(asked, state, inputs, new, [])
    assert (set(change.changed), change.replaces) == (set(wanted), ())
    planned = provider.update_planned(asked, world.session, state, new)
    now = provider.update(asked, world.session, id_, state, new)
    assert {key: (planned[key], now[key]) for key in now if not covers(now[key], planned[key])} == {}
    world.made[name] = (asked, id_, now, new)
    found = provider.read(asked, world.session, id_, now, new)
    assert found
    assert {key: (new[key], found[1].get(key)) for key in provider.changed(asked, *found, new, []).changed} == {}


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.replacing])
def test_a_change_that_makes_a_new_one(world: World, name: str) -> None:
    asked, _id, state, inputs = world.make(name)
    for key, value in SAMPLES[name].replacing.items():
        change = provider.changed(asked, state, inputs, inputs | {key: value}, [])
        assert key in change.replaces, key
        unknown = provider.changed(asked, state, inputs, inputs | {key: UNKNOWN}, [])
        assert key in unknown.replaces, f"{key}, not known yet"


def test_all_of_it_goes_in_the_other_order_and_nothing_stays(world: World) -> None:
    for name in SAMPLES:
        world.make(name)
    stay = {"TopicPolicy", "BucketVersioning", "BucketObjectLockConfiguration"}
    for name, (asked, id_, state, inputs) in reversed(world.made.items()):
        provider.delete(asked, world.session, id_, state)
        left = provider.read(asked, world.session, id_, state, inputs)
        # A topic always has a policy, a bucket with object lock its versions and its lock.
        assert left is None or name.rpartition(":")[2] in stay, name
        provider.delete(asked, world.session, id_, state)
    world.made.clear()
