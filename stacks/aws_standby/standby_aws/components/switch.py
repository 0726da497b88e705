# SPDX-License-Identifier: Apache-2.0
"""The names of users in Route 53."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part
from standby_aws.decisions import switch


class Switch(Part):
    """A zone, a record a name, and whether the machine behind it is well.

    Where a record leads is not this program's: it is made leading to the primary, then runs move it, and `records` is
    ignored from then on.
    """

    def __init__(
        self,
        decided: switch.Switch,
        region: str,
        failing: Mapping[str, aws.cloudwatch.MetricAlarm],
        provider: pulumi.ProviderResource,
    ) -> None:
        super().__init__(decided.mark.name, provider)
        self.zone: pulumi.Input[str] = decided.id or self._zone(decided).zone_id
        for record in decided.records.values():
            aws.route53.Record(
                record.mark.name,
                zone_id=self.zone,
                name=record.fqdn,
                type="A",
                ttl=decided.ttl_s,
                records=[record.address],
                opts=self.inside(ignore_changes=["records"]),
            )
            if record.machine:
                self._health(record, failing[record.machine], region)
        self.register_outputs({})

    def _zone(self, decided: switch.Switch) -> aws.route53.Zone:
        return aws.route53.Zone(
            decided.mark.name,
            name=decided.zone,
            comment="The names of a standby site; delegate to it from the zone above",
            tags=decided.mark.tags,
            opts=self.inside(),
        )

    def _health(self, record: switch.Record, alarm: aws.cloudwatch.MetricAlarm, region: str) -> None:
        # AWS cannot ask private addresses; it knows whether the machine behind the name is well.
        aws.route53.HealthCheck(
            record.mark.name,
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=region,
            insufficient_data_health_status="Unhealthy",
            tags=record.mark.tags,
            opts=self.inside(),
        )
