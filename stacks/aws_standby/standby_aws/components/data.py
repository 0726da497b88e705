# SPDX-License-Identifier: Apache-2.0
"""The key, and the volumes that outlive their machines."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part
from standby_aws.decisions import data, marks


class Data(Part):
    """A key for all that is kept, and a volume for each machine that holds copies."""

    def __init__(self, name: str, decided: data.Data, provider: pulumi.ProviderResource) -> None:
        super().__init__(name, provider)
        # None: the account's own key.
        self.key: pulumi.Output[str] | None = self._key(decided, decided.key) if decided.key else None
        self.volumes = {
            name: aws.ebs.Volume(
                one.mark.name,
                availability_zone=one.zone,
                size=one.size_gib,
                type="gp3",
                encrypted=True,
                kms_key_id=self.key,
                tags=one.mark.tags,
                opts=self.inside(protect=one.protected),
            )
            for name, one in decided.volumes.items()
        }
        self.register_outputs({})

    def _key(self, decided: data.Data, mark: marks.Mark) -> pulumi.Output[str]:
        key = aws.kms.Key(
            mark.name,
            description=f"Encrypts {mark.name}",
            deletion_window_in_days=data.KEY_DELETION_DAYS,
            enable_key_rotation=True,
            tags=mark.tags,
            opts=self.inside(protect=decided.protected),
        )
        aws.kms.Alias(mark.name, name=f"alias/{mark.name}", target_key_id=key.key_id, opts=self.inside())
        return key.arn
