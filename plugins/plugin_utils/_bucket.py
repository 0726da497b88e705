# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket for copies of a site that is built: where it is, and who may write to it from outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping, Optional

from ansible_collections.bascule.continuity.plugins.plugin_utils import _outputs
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import scope, secrets

# Variables by which AWS's own tools are led elsewhere.
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
MONITORING = ("AWS_ENDPOINT_URL_CLOUDWATCH", "AWS_ENDPOINT_URL")
# The step that lays the writer's key on a machine; no other needs it, so none asks for it.
LAYS_KEY = "prepare"
# Of the program of the stack: what reports how old copies are. Machines that hold copies get it with their first boot.
REPORTER = Path("stack", "standby_aws", "machine", "copy_age.py")


def told(args: Mapping[str, Any], plan: Mapping[str, Any], compiled: Path) -> dict[str, Any]:
    """Arguments of a module with what it must know of the bucket (`options.bucket`), where its system is copied there.

    `writer` names the secrets of the access key, for the side outside alone: machines of the site have a role.
    `reporter` is the text of the program that tells the account how old copies are, `monitoring` whom it tells.
    """
    system = args.get("system")
    if not isinstance(system, Mapping) or not scope.in_bucket(dict(system)):
        return dict(args)
    cloud = _cloud(plan, system)
    region = str(cloud["region"])
    name = _saved(compiled, "bucket", "name")
    bucket: dict[str, Any] = {"endpoint": _endpoint("s3", ENDPOINTS, region), "region": region, "name": name}
    if args.get("step") == LAYS_KEY:
        bucket["reporter"] = (compiled / REPORTER).read_text(encoding="utf-8")
        bucket["monitoring"] = _endpoint("monitoring", MONITORING, region)
    if args.get("step") == LAYS_KEY and args.get("side") == "primary":
        bucket["writer"] = (cloud["copies"] or {}).get("writer")
    return {**args, "options": {**(args.get("options") or {}), "bucket": bucket}}


def advice(args: Mapping[str, Any], plan: Mapping[str, Any], compiled: Path, error: str) -> str:
    """What to do about a secret that is missing, where it is half of the writer's key; empty for others."""
    system = args.get("system")
    if not isinstance(system, Mapping) or not scope.in_bucket(dict(system)):
        return ""
    halves = secrets.named((_cloud(plan, system)["copies"] or {}).get("writer"))
    if error.split(":")[0] not in halves:
        return ""
    user = str(_saved(compiled, "identities", "writer") or "").rpartition("/")[2] or "NAME"
    return (f" It is half of the key with which copies are written to the bucket, and a person makes that, once: "
            f"aws iam create-access-key --user-name {user}. Put its halves where the policy says, and start again.")


def _cloud(plan: Mapping[str, Any], system: Mapping[str, Any]) -> dict[str, Any]:
    return dict(plan["sites"][plan["machines"][system["machines"]["standby"]]["site"]]["cloud"])


def _saved(compiled: Path, part: str, key: str) -> Optional[str]:
    found = ((_outputs.saved(compiled) or {}).get(part) or {}).get(key)
    return None if found is None else str(found)


def _endpoint(service: str, variables: tuple[str, ...], region: str) -> str:
    given = next((os.environ[name] for name in variables if os.environ.get(name)), None)
    return (given or f"https://{service}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}").rstrip("/")
