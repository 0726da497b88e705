# SPDX-License-Identifier: Apache-2.0
"""Mutated policies: no traceback, no hang, nothing of the policy's text runs, and it comes out as it was written.

Half of the mutations know the language (a key deleted, misspelt, moved, given another's value or a hostile text), half
are of bytes. What is still a valid policy is compiled, and its texts are looked for in the plan and in the inventory.
"""

from __future__ import annotations

import copy
import json
import os
import random
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bascule import language
from bascule.diagnostics import Findings, render
from bascule.emit.inventory import inventory
from bascule.plan import to_json
from bascule.planner import make_plan
from bench.frame import Bench, Figure, Say

ROOT = Path(__file__).parents[1]
# Each with how often it is taken: a small one says more in the same time.
BASES = {"tests/golden/small/policy.yml": 8, "examples/atelier/policy.yml": 2, "examples/atelier/policy-aws.yml": 2}
POLICIES, BATCH, HANG_S = 100_000, 250, 5.0
CANARY = "bascule-fuzz-canary"
HOSTILE = (
    "{{ lookup('pipe', 'touch %s') }}", "$(touch %s)", "`touch %s`", "a\ntouch %s", "\0%s",
    "!!python/name:os.system %s",
    "{%% raw %%}%s", "'; touch %s #", "\u202e%s", "🔥 %s", "- %s\n- b", "%s: {a: b}", "*%s", "&%s x",
)  # fmt: skip
PIECES = (b"\t", b": ", b"\n", b"{{", b"'", b'"', b"*a", b"&a ")


class Batch(NamedTuple):
    """What became of a batch: policies that were wrong, valid, how long the slowest took, and what went wrong."""

    refused: int
    valid: int
    slowest_s: float
    broken: tuple[str, ...]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from paths(below, (*path, key))


def of_language(data: Any, chance: random.Random, canary: str) -> str:
    """A policy with one to three places changed, written as YAML."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 3)):
        every = list(paths(data))
        parent, key = data, chance.choice(every)
        for step in key[:-1]:
            parent = parent[step]
        value = parent[key[-1]]
        text = chance.choice(HOSTILE) % canary
        kind = chance.choice(("text", "text", "text", "delete", "misspell", "swap", "wrap"))
        if kind == "text" and isinstance(value, str):
            parent[key[-1]] = text
        elif kind == "delete":
            del parent[key[-1]]
        elif kind == "misspell" and isinstance(parent, dict):
            parent[str(key[-1])[:-1] + text[:1]] = parent.pop(key[-1])
        elif kind == "swap":
            other: Any = data
            for step in chance.choice(every):
                other = other[step] if _holds(other, step) else None
            parent[key[-1]] = copy.deepcopy(other)
        else:
            parent[key[-1]] = [value]
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=1000)


def _holds(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def of_bytes(text: str, chance: random.Random) -> str:
    """A policy with some of its bytes changed, repeated or cut out."""
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(data)), chance.randint(1, 40)
        piece = data[at : at + length]
        put = (b"", bytes([chance.randrange(256)]), bytes(piece) * 2, *PIECES)
        data[at : at + chance.choice((0, 1, length))] = chance.choice(put)
    return data.decode(errors="replace")


def strings(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from strings(below)


class _Reader(yaml.SafeLoader):
    """Reads the inventory, and knows text that Ansible must not evaluate from text that it may."""


class _Unsafe(str):
    __slots__ = ()


_Reader.add_constructor("!unsafe", lambda loader, node: _Unsafe(node.value))


def one(text: str, canary: str) -> bool:
    """Whether a policy is valid; raises for anything that is neither a finding nor a plan with the texts as written."""
    try:
        policy = language.load_text(text, folder=ROOT / "examples" / "atelier")
    except Findings as found:
        if not found.diagnostics:
            raise ValueError("refused without a finding") from None
        render(found.diagnostics, "text")
        return False
    plan = make_plan(policy)
    planned = json.loads(json.dumps(to_json(plan)))
    written = set(strings(policy.source.data))
    strange = [found for found in strings(planned) if canary in found and not any(found in text for text in written)]
    if strange:
        raise ValueError(f"a text was changed on its way into the plan: {strange[0]!r}")
    read = yaml.load(inventory(plan), Loader=_Reader)
    bare = [found for found in strings(read) if canary in found and not isinstance(found, _Unsafe)]
    if bare:
        raise ValueError(f"a text of the policy stands in the inventory without `!unsafe`: {bare[0]!r}")
    return True


def batch(seed: int, count: int) -> Batch:
    """Try `count` policies; what they are depends on the seed alone."""
    chance, here = random.Random(seed), tempfile.mkdtemp(prefix="bascule-fuzz-")
    os.chdir(here)
    texts = [(ROOT / base).read_text() for base in BASES]
    datas = [yaml.safe_load(text) for text in texts]
    valid, slowest, broken = 0, 0.0, []
    for number in range(count):
        (base,) = chance.choices(range(len(BASES)), tuple(BASES.values()))
        of = number % 2
        text = of_language(datas[base], chance, CANARY) if of else of_bytes(texts[base], chance)
        began = time.perf_counter()
        try:
            valid += one(text, CANARY)
        except Exception:
            broken.append(f"seed {seed}, number {number}: {traceback.format_exc(limit=-3)}")
        slowest = max(slowest, time.perf_counter() - began)
    if os.listdir(here):
        broken.append(f"seed {seed}: something ran and left {os.listdir(here)}")
    os.chdir("/")
    return Batch(count - valid - len(broken), valid, slowest, tuple(broken))


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Each run is a hundred thousand policies; `BASCULE_FUZZ_POLICIES` asks for another number in all."""
    seed = int(os.environ.get("BASCULE_FUZZ_SEED") or time.time())
    count = int(os.environ.get("BASCULE_FUZZ_POLICIES") or POLICIES * runs)
    say(f"seed {seed}: BASCULE_FUZZ_SEED={seed} gives the same policies again")
    done: list[Batch] = []
    with ProcessPoolExecutor() as pool:
        for result in pool.map(batch, range(seed, seed + count // BATCH), [BATCH] * (count // BATCH)):
            done.append(result)
            for text in result.broken:
                say(text)
            if len(done) % 40 == 0:
                say(f"{len(done) * BATCH} of {count} policies")
    yield Figure("policies tried", "", (float(len(done) * BATCH),))
    yield Figure("valid, planned and looked through", "", (float(sum(item.valid for item in done)),))
    broken = sum(len(item.broken) for item in done)
    yield Figure("tracebacks, changed texts, things that ran", "", (float(broken),), 0.0)
    yield Figure("the slowest policy", "s", (max(item.slowest_s for item in done),), HANG_S)


BENCHES = (Bench("fuzz", "mutated policies", measure, runs=1, minutes=10),)
