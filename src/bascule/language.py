# SPDX-License-Identifier: Apache-2.0
"""The way of a policy from a file to the frozen model: read, schema, build, rules.

Each gate reports all it finds, then stops.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bascule import price_files, rules
from bascule.build import build
from bascule.conformity import check
from bascule.diagnostics import Findings, has_errors
from bascule.left_open import AUTO, open_of, place
from bascule.policy import Policy
from bascule.source import Source, read, read_text


def load(path: Path | str) -> Policy:
    """Given the path of a policy, return the policy; ``warnings`` holds what was found and is no error.

    Raise Findings with all findings of the first gate that found an error.
    """
    return load_source(read(Path(path)))


def load_text(text: str, file: str = "policy.yml", folder: Path | None = None) -> Policy:
    """Given the text of a policy, return the policy as ``load`` does; without ``folder`` no file is looked for."""
    return load_source(read_text(text, file, folder))


def load_source(source: Source) -> Policy:
    """Given a source that was read, return its policy. Raise Findings as ``load`` does."""
    wrong = check(source)
    if wrong:
        raise Findings(wrong)
    policy = build(source)
    found = rules.check_first(policy)
    if not has_errors(found):
        policy = _settled(policy)
        found = rules.check_rest(policy)
    if has_errors(found):
        raise Findings(found)
    return replace(policy, warnings=tuple(found))


def _settled(policy: Policy) -> Policy:
    """Return the policy with nothing left open; its prices are looked at in any case."""
    prices, left = price_files.beside(policy), open_of(policy)
    if not left:
        return policy
    try:
        # Late, since who leaves nothing open needs neither a solver nor what it brings.
        from bascule.settled import settle
    except ModuleNotFoundError as error:
        what = f"`{AUTO}` is chosen with {error.name}, which is not installed"
        fix = f'Run `pip install "bascule[analysis]"`, or write what you want instead of `{AUTO}`.'
        raise Findings([policy.source.finding("BC511", place(policy, left), what, fix)]) from error
    return settle(policy, prices)
