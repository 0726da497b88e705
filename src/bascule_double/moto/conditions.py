# SPDX-License-Identifier: Apache-2.0
"""A bucket's own policy that refuses who comes without TLS. AWS looks at the condition; moto knows none.

The double is taken to be asked over TLS, as AWS is, though nothing is encrypted on this computer.
"""

from __future__ import annotations

import json
from typing import Any

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def cure() -> None:
    """Leave such statements out when a bucket is asked what it permits."""
    from moto.s3.models import FakeBucket

    FakeBucket.get_permission = permission  # type: ignore[method-assign, assignment]


def permission(bucket: Any, action: str, resource: str) -> Any:
    """What a bucket's own policy says of an action by somebody who comes over TLS."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    document = json.loads(bucket.policy or b"{}")
    statements = [one for one in document.get("Statement", ()) if one.get("Condition") != WITHOUT_TLS]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**document, "Statement": statements})).is_action_permitted(action, resource)
