# SPDX-License-Identifier: Apache-2.0
"""Plan to pipelines for GitHub. They are copied to `.github/workflows`, so they do not change with the policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bascule.emit.ci_words import PAGES
from bascule.emit.tree import FolderError
from bascule.emit.yaml_out import dump
from bascule.plan import Plan

# By commit, since a tag can be moved; the version is said in the head of the file.
_ACTIONS = {
    "actions/checkout": ("de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2"),
    "actions/setup-python": ("a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0"),
    "actions/upload-artifact": ("b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0"),
    "aws-actions/configure-aws-credentials": ("8df5847569e6427dd6c4fb1cf565c83acfa8afa7", "v6.0.0"),
}
_IMAGE = "pulumi/pulumi-python-3.12:3.259.0"
_RUNNER = "ubuntu-24.04"
_PYTHON = "3.12"
_WEEKLY = "23 4 * * 1"
_RESULTS = "bascule-results"
# A text of a policy that stood here would be evaluated by GitHub; this one is checked to be a plain word.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_HEAD = """\
Made by bascule, the same for every change of the policy: copy it to .github/workflows/, do not edit it there.
Settings are variables of the repository, BASCULE_…; README.md of the compiled folder says which."""


def github(plan: Plan) -> dict[str, str]:
    """Given a plan, return the text of each workflow by its file name. Raise FolderError for a region that is none."""
    say = PAGES[plan.policy.language]
    return {"bascule-change.yml": _text(_change(plan, say)), "bascule-verify.yml": _text(_weekly(say))}


def _text(workflow: Mapping[str, Any]) -> str:
    body = dump(dict(workflow))
    used = [f"{name} {version} is {commit[:12]}…" for name, (commit, version) in _ACTIONS.items() if commit in body]
    return dump(dict(workflow), "\n".join([_HEAD, *used]))


def _uses(action: str, **given: Any) -> dict[str, Any]:
    return {"uses": f"{action}@{_ACTIONS[action][0]}", **({"with": given} if given else {})}


def _variable(name: str, default: str = "") -> str:
    return f"${{{{ vars.{name} || '{default}' }}}}" if default else f"${{{{ vars.{name} }}}}"


def _change(plan: Plan, say: Mapping[str, str]) -> dict[str, Any]:
    region = next((site.cloud.region for site in plan.sites.values() if site.cloud), None)
    return {
        "name": say["changes"],
        "on": {"pull_request": {}, "push": {"branches": ["main", "master"]}, "workflow_dispatch": {}},
        "permissions": {},
        "env": {
            "BASCULE_FOLDER": _variable("BASCULE_FOLDER", "build"),
            "BASCULE_POLICY": _variable("BASCULE_POLICY", "policy.yml"),
            "BASCULE_PACKAGE": _variable("BASCULE_PACKAGE"),
            "BASCULE_KNOWN_HOSTS": _variable("BASCULE_KNOWN_HOSTS"),
        },
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {"check": _check(say), **({"preview": _preview(region, say)} if region else {})},
    }


def _check(say: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": say["check"],
        "runs-on": _RUNNER,
        "timeout-minutes": 10,
        "permissions": {"contents": "read"},
        "concurrency": {"group": "bascule-check-${{ github.ref }}", "cancel-in-progress": True},
        "steps": [
            {"name": say["fetch"], **_uses("actions/checkout", **{"persist-credentials": False})},
            {"name": say["python"], **_uses("actions/setup-python", **{"python-version": _PYTHON})},
            {"name": say["check"], "run": '"$BASCULE_FOLDER/ci/check.sh"'},
        ],
    }


def _preview(region: str, say: Mapping[str, str]) -> dict[str, Any]:
    if not _REGION.fullmatch(region):
        raise FolderError(f"the region {region} is not one that a pipeline can name; mend it in the policy")
    # A fork has no identity here, and must not be given one.
    ours = "github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository"
    sign_in = {"role-to-assume": _variable("BASCULE_AWS_ROLE"), "aws-region": region, "role-session-name": "bascule"}
    return {
        "name": say["preview"],
        "if": f"vars.BASCULE_AWS_ROLE != '' && ({ours})",
        "runs-on": _RUNNER,
        "container": {"image": _IMAGE},
        "timeout-minutes": 30,
        "permissions": {"contents": "read", "id-token": "write"},
        "concurrency": {"group": "bascule-preview", "cancel-in-progress": False},
        "env": {
            "BASCULE_PUBLIC_KEY": _variable("BASCULE_PUBLIC_KEY"),
            "BASCULE_PASSPHRASE_PARAMETER": _variable("BASCULE_PASSPHRASE_PARAMETER"),
        },
        "steps": [
            {"name": say["fetch"], **_uses("actions/checkout", **{"persist-credentials": False})},
            {"name": say["sign_in"], **_uses("aws-actions/configure-aws-credentials", **sign_in)},
            {"name": say["preview"], "run": '"$BASCULE_FOLDER/ci/preview.sh"'},
        ],
    }


def _weekly(say: Mapping[str, str]) -> dict[str, Any]:
    kept = {"name": "bascule-verify", "path": f"{_RESULTS}/", "retention-days": 90, "if-no-files-found": "warn"}
    return {
        "name": say["weekly"],
        "on": {"schedule": [{"cron": _WEEKLY}], "workflow_dispatch": {}},
        "permissions": {},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {
            "verify": {
                "name": say["verify"],
                "runs-on": ["self-hosted", "bascule"],
                "timeout-minutes": 60,
                "permissions": {"contents": "read"},
                "concurrency": {"group": "bascule-verify", "cancel-in-progress": False},
                "env": {
                    "BASCULE_FOLDER": _variable("BASCULE_FOLDER", "build"),
                    "BASCULE_INSTALLED": _variable("BASCULE_INSTALLED"),
                    "BASCULE_VARIABLES": _variable("BASCULE_VARIABLES"),
                },
                "steps": [
                    {"name": say["fetch"], **_uses("actions/checkout", **{"persist-credentials": False})},
                    {"name": say["verify"], "run": '"${BASCULE_INSTALLED:-$BASCULE_FOLDER}/ci/verify.sh"'},
                    {"name": say["keep"], "if": "always()", **_uses("actions/upload-artifact", **kept)},
                ],
            }
        },
    }
