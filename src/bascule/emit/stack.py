# SPDX-License-Identifier: Apache-2.0
"""Plan to `stack/`: the program that builds a site in a cloud, as it was written, under the name of the policy."""

from __future__ import annotations

import re

import yaml

from bascule.emit.tree import File, FolderError, copied, text_file
from bascule.emit.yaml_out import dump
from bascule.plan import Plan
from bascule.resources import resource

# Provider of a site → folder in `stacks/`.
_PROGRAMS = {"aws": "aws_standby"}
_PROJECT = "Pulumi.yaml"
# Settings of a stack that somebody has tried the program with.
_SETTINGS = re.compile(r"Pulumi\.[^/]+\.yaml")


def stack(plan: Plan) -> dict[str, File]:
    """Given a plan, return the files of `stack/`; none when no site is built. Raise FolderError when a program is not
    here.
    """
    provider = next((site.provider for site in plan.sites.values() if site.cloud), None)
    if provider is None:
        return {}
    try:
        root = resource("stacks", _PROGRAMS[provider], _PROJECT).parent
    except FileNotFoundError as error:
        raise FolderError(str(error)) from error
    files = copied(root, "stack", lambda path: path != _PROJECT and not _SETTINGS.fullmatch(path))
    project = yaml.safe_load((root / _PROJECT).read_text(encoding="utf-8"))
    named = {**project, "name": f"bascule-{plan.policy.id}"}
    return {f"stack/{_PROJECT}": text_file(dump(named, "SPDX-License-Identifier: Apache-2.0")), **files}
