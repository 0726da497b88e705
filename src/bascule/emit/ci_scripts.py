# SPDX-License-Identifier: Apache-2.0
"""The bodies of the pipelines' jobs: written by hand, with their words in the policy's language."""

from __future__ import annotations

import shlex

from bascule.emit.ci_words import SCRIPTS
from bascule.emit.tree import File, copied, text_file
from bascule.plan import Plan
from bascule.resources import resource

_HEAD = "# Made by bascule: what the jobs say.\n# shellcheck shell=sh\n"


def ci_scripts(plan: Plan) -> dict[str, File]:
    """Given a plan, return the files that jobs are made of; those of the preview only where a site is built."""
    cloud = any(site.cloud for site in plan.sites.values())
    files = copied(resource("pipelines"), "ci", lambda path: cloud or "preview" not in path)
    lines = (f"say_{key}={shlex.quote(text)}\n" for key, text in SCRIPTS[plan.policy.language].items())
    return {**files, "ci/words.sh": text_file(_HEAD + "".join(lines))}
