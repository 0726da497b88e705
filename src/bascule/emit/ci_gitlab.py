# SPDX-License-Identifier: Apache-2.0
"""Plan to the pipeline for GitLab, which a project includes from the compiled folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bascule.emit.ci_words import PAGES
from bascule.emit.yaml_out import dump
from bascule.plan import Plan

# With git, since the compiler may be installed from a repository.
_PYTHON = "python:3.12.12-bookworm"
_PULUMI = "pulumi/pulumi-python-3.12:3.259.0"
_RESULTS = "bascule-results"
_PROPOSED = {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}
_TAKEN = {"if": '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}
_NEVER = "never"
_HEAD = """\
Made by bascule. Include it in .gitlab-ci.yml, by the path that it has there: include: [{local: build/ci/gitlab.yml}]
Settings are variables of the project, BASCULE_…; README.md of the compiled folder says which."""


def gitlab(plan: Plan) -> str:
    """Given a plan, return `gitlab.yml`."""
    say = PAGES[plan.policy.language]
    cloud = any(site.cloud for site in plan.sites.values())
    jobs = {"bascule-check": _check(), **({"bascule-preview": _preview(say)} if cloud else {})}
    # Defaults for the project, whose own variables come first.
    settings = {"BASCULE_FOLDER": "build", "BASCULE_POLICY": "policy.yml", "BASCULE_RUNNER": "bascule"}
    return dump({"variables": settings, **jobs, "bascule-verify": _verify()}, _HEAD)


def _check() -> dict[str, Any]:
    return {
        "image": _PYTHON,
        "timeout": "10 minutes",
        "interruptible": True,
        "resource_group": "bascule-check-$CI_COMMIT_REF_SLUG",
        "rules": [_PROPOSED, _TAKEN],
        "script": ['"$BASCULE_FOLDER/ci/check.sh"'],
    }


def _preview(say: Mapping[str, str]) -> dict[str, Any]:
    return {
        "image": {"name": _PULUMI, "entrypoint": [""]},
        "timeout": "30 minutes",
        "resource_group": "bascule-preview",
        "id_tokens": {"BASCULE_ID_TOKEN": {"aud": "sts.amazonaws.com"}},
        # A change from a fork runs in the fork's project, which this account does not trust.
        "rules": [{"if": "$BASCULE_AWS_ROLE == null", "when": _NEVER}, _PROPOSED, _TAKEN],
        "script": ['"$BASCULE_FOLDER/ci/preview.sh"'],
        "artifacts": {
            "when": "always",
            "access": "developer",
            "expire_in": "90 days",
            "expose_as": say["exposed"],
            "paths": [f"{_RESULTS}/preview.md"],
        },
    }


def _verify() -> dict[str, Any]:
    return {
        "tags": ["$BASCULE_RUNNER"],
        "timeout": "60 minutes",
        "resource_group": "bascule-verify",
        # Ansible trusts no folder that everybody may write to, and GitLab would make one.
        "variables": {"FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR": "true"},
        "rules": [
            {"if": '$CI_PIPELINE_SOURCE == "schedule" && $BASCULE_VERIFY == "weekly"'},
            {
                "if": '$CI_PIPELINE_SOURCE == "web" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH',
                "when": "manual",
                "allow_failure": True,
            },
        ],
        "script": ['"${BASCULE_INSTALLED:-$BASCULE_FOLDER}/ci/verify.sh"'],
        "artifacts": {
            "when": "always",
            "access": "developer",
            "expire_in": "90 days",
            "paths": [f"{_RESULTS}/"],
            "reports": {"junit": f"{_RESULTS}/verify.xml"},
        },
    }
