# SPDX-License-Identifier: Apache-2.0
"""How long an analysis takes, and its memory: cut sets of firms with two hundred leaves, and whole policies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.compile_time import SAMPLE, Taken, command, policy_of, process, repeated, seconds
from bench.frame import Bench, Figure, Say

LEAVES, SYSTEMS = 200, 200
LIMIT_S, LIMIT_MIB = 5.0, 500.0


def firm(shape: str) -> int:
    """Find the cut sets up to size 3 of a firm with 200 leaves; return how many there are.

    `mixed`: a hundred systems that run in one of three ways, each on a few leaves taken at random. `worst`: three sides
    of which one is enough, each needing a third of all leaves: 67³ sets of three and more.
    """
    from random import Random

    from bascule.analysis.cutsets import cut_sets
    from bascule.analysis.nodes import AnyOf, Node

    names = [f"leaf-{index}" for index in range(LEAVES)]
    graph = {name: Node(fails=True) for name in names}
    if shape == "worst":
        ways = [tuple(names[begin : begin + LEAVES // 3]) for begin in range(0, LEAVES - 2, LEAVES // 3)]
        graph |= {f"side-{index}": Node(needs=way) for index, way in enumerate(ways)}
        graph["top"] = Node(needs_any=(AnyOf(tuple(f"side-{index}" for index in range(len(ways)))),))
        return len(cut_sets(graph, "top").sets)
    chance = Random(1)
    for index in range(LEAVES // 2):
        for way, size in enumerate((3, 4, 2)):
            graph[f"way-{index}-{way}"] = Node(needs=tuple(chance.sample(names, size)))
        graph[f"system-{index}"] = Node(needs_any=(AnyOf(tuple(f"way-{index}-{way}" for way in range(3))),))
    graph["top"] = Node(needs=tuple(f"system-{index}" for index in range(LEAVES // 2)))
    return len(cut_sets(graph, "top").sets)


def measured(runs: int, shape: str) -> list[Taken]:
    """What finding the cut sets of a firm takes in a process of its own, start-up included."""
    return [process("-c", f"from bench.analysis import firm; print(firm({shape!r}))") for _ in range(runs)]


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """Cut sets of two firms; the whole analysis of the sample firm and of a policy with two hundred systems."""
    for shape in ("mixed", "worst"):
        say(f"cut sets of {LEAVES} leaves, {shape}")
        taken = measured(runs, shape)
        yield Figure(f"cut sets up to 3 of {LEAVES} leaves, {shape}", "s", seconds(taken), LIMIT_S)
        yield Figure(f"memory for them, {shape}", "MiB", tuple(one.mib for one in taken), LIMIT_MIB)
    say("whole policies")
    yield Figure("analyse the sample firm", "s", seconds(repeated(runs, "analyse", str(SAMPLE))), 2.0)
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.yml"
        policy.write_text(policy_of(SYSTEMS))
        yield Figure(f"analyse {SYSTEMS} systems", "s", seconds([command("analyse", str(policy)) for _ in range(runs)]))


BENCHES = (Bench("analysis", "how long an analysis takes, and its memory", measure, minutes=0.5),)
