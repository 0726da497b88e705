# SPDX-License-Identifier: Apache-2.0
"""What all parts of the site have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi


class Part(pulumi.ComponentResource):
    """A part of the site, `bascule:aws:<its class>`, with everything in it below it."""

    def __init__(self, name: str, provider: pulumi.ProviderResource) -> None:
        """``name``: of the part; ``provider``: of all that is in it."""
        super().__init__(f"bascule:aws:{type(self).__name__}", name, None, pulumi.ResourceOptions(providers=[provider]))

    def inside(self, **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a resource in this part, with more of them."""
        return pulumi.ResourceOptions(parent=self, **options)


def document(make: Callable[..., Mapping[str, Any]], *values: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return a policy document that ``make`` makes of values which are known later."""

    def written(known: Sequence[str]) -> str:
        return json.dumps(make(*known), sort_keys=True)

    return pulumi.Output.all(*values).apply(written)
