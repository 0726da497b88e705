# SPDX-License-Identifier: Apache-2.0
"""Alarms and the budget, all told to one topic; who listens to it subscribes by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from standby_aws.components.part import Part, document
from standby_aws.decisions import marks, watch


class Watch(Part):
    """What calls for help."""

    def __init__(
        self,
        decided: watch.Watch,
        policy: str,
        machines: Mapping[str, aws.ec2.Instance],
        provider: pulumi.ProviderResource,
    ) -> None:
        super().__init__(decided.topic.name, provider)
        self.topic = aws.sns.Topic(decided.topic.name, tags=decided.topic.tags, opts=self.inside())
        self._heard = aws.sns.TopicPolicy(
            decided.topic.name,
            arn=self.topic.arn,
            policy=document(watch.may_tell, self.topic.arn),
            opts=self.inside(),
        )
        for age in decided.ages:
            self._alarm(
                age.mark,
                f"The newest copy of {age.system} is older than {age.limit_s} s, or nobody says how old it is",
                namespace=watch.NAMESPACE,
                metric_name=watch.METRIC,
                dimensions={"Policy": policy, "System": age.system},
                statistic="Minimum",
                period=watch.PERIOD_S,
                evaluation_periods=age.periods,
                threshold=age.limit_s,
                comparison_operator="GreaterThanThreshold",
                treat_missing_data="breaching",
            )
        self.failing = {name: self._failing(name, mark, machines[name]) for name, mark in decided.failing.items()}
        if decided.budget:
            self._budget(decided.budget)
        self.register_outputs({"topic": self.topic.arn})

    def _failing(self, name: str, mark: marks.Mark, machine: aws.ec2.Instance) -> aws.cloudwatch.MetricAlarm:
        return self._alarm(
            mark,
            f"AWS says that {name} does not run as it should",
            namespace="AWS/EC2",
            metric_name="StatusCheckFailed",
            dimensions={"InstanceId": machine.id},
            statistic="Maximum",
            period=60,
            evaluation_periods=3,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
        )

    def _alarm(self, mark: marks.Mark, description: str, **arguments: Any) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            mark.name,
            alarm_description=description,
            alarm_actions=[self.topic.arn],
            tags=mark.tags,
            **arguments,
            opts=self.inside(),
        )

    def _budget(self, decided: watch.Budget) -> None:
        told = [
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": "ACTUAL",
                "threshold": share,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [self.topic.arn],
            }
            for share in watch.BUDGET_STEPS
        ]
        aws.budgets.Budget(
            decided.mark.name,
            budget_type="COST",
            limit_amount=f"{decided.dollars:.2f}",
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filters=[{"name": "TagKeyValue", "values": [decided.tag]}],
            notifications=told,
            tags=decided.mark.tags,
            opts=self.inside(depends_on=[self._heard]),
        )
