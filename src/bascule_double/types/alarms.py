# SPDX-License-Identifier: Apache-2.0
"""What watches: cloudwatch.MetricAlarm."""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.rules import TAGS, Naming, Type, flag, many, needed, number, table, text, whole
from bascule_double.session import Session, named_tags, only
from bascule_double.types.topics import retag
from bascule_double.values import UNKNOWN, Properties, without_none

ALARM = "upstream cloudwatch/metric_alarm.go"
OPERATORS = (
    "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
)  # fmt: skip
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
MISSING = ("missing", "ignore", "breaching", "notBreaching")
# Property of an alarm → word of CloudWatch.
ALARM_WORDS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


def alarm_put(session: Session, new: Properties, tags: bool) -> None:
    """Make an alarm, or make it another; tags are only taken when it is made."""
    words = {word: new[key] for key, word in ALARM_WORDS.items() if new.get(key) is not None}
    dimensions = [{"Name": key, "Value": value} for key, value in (new.get("dimensions") or {}).items()]
    more = without_none(Dimensions=dimensions, Tags=session.tag_list(new) if tags else [])
    session.client("cloudwatch").put_metric_alarm(AlarmName=new["name"], **words, **more)


def alarm_create(session: Session, new: Properties) -> str:
    alarm_put(session, new, tags=True)
    return str(new["name"])


def alarm_found(session: Session, id_: str) -> Any:
    """The description of an alarm. Raises Missing."""
    answer = session.client("cloudwatch").describe_alarms(AlarmNames=[id_])
    return only(answer["MetricAlarms"], f"The alarm {id_}")


def alarm_read(session: Session, id_: str, state: Properties) -> Properties:
    found = alarm_found(session, id_)
    answer = session.client("cloudwatch").list_tags_for_resource(ResourceARN=found["AlarmArn"])
    tags = named_tags(answer["Tags"])
    return {
        "arn": found["AlarmArn"],
        "name": id_,
        **{key: found[word] for key, word in ALARM_WORDS.items() if found.get(word) not in (None, [])},
        "dimensions": {entry["Name"]: entry["Value"] for entry in found.get("Dimensions", [])},
        "tags": tags,
        "tagsAll": tags,
    }


def alarm_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    alarm_put(session, new, tags=False)
    retag(session, "cloudwatch", {"ResourceARN": alarm_found(session, id_)["AlarmArn"]}, old, new)


def alarm_delete(session: Session, id_: str, state: Properties) -> None:
    alarm_found(session, id_)
    session.client("cloudwatch").delete_alarms(AlarmNames=[id_])


def alarm_together(inputs: Properties) -> list[tuple[str, str]]:
    wanted = ("metricName", "namespace", "period", "threshold", "evaluationPeriods")
    found = [
        (key, f"an alarm on a metric needs {key!r}; metric queries are not known to the double")
        for key in wanted
        if inputs.get(key) is None
    ]
    if inputs.get("statistic") is None:
        found.append(("statistic", "an alarm on a metric needs 'statistic'"))
    period = inputs.get("period")
    if period not in (None, UNKNOWN, 10, 20, 30) and period % 60:
        found.append(("period", f"period is 10, 20, 30, or any multiple of 60, not {period}"))
    return found


ACTIONS = many(text("upstream cloudwatch/metric_alarm.go: alarm_actions: ValidateFunc", fits=fits.arn), unordered=True)
TYPES = (
    Type(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "actionsEnabled": flag(default=True),
            "alarmActions": ACTIONS,
            "alarmDescription": text(),
            "comparisonOperator": needed(
                text("Either of the following is supported: `GreaterThanOrEqualToThreshold`", choices=OPERATORS)
            ),
            "datapointsToAlarm": whole(f"{ALARM}: datapoints_to_alarm: IntAtLeast", least=1),
            "dimensions": table(),
            "evaluationPeriods": whole(f"{ALARM}: evaluation_periods: IntAtLeast", least=1),
            "insufficientDataActions": ACTIONS,
            "metricName": text(),
            "name": text(
                f"{ALARM}: name: ForceNew", fits=fits.pattern(r".{1,255}", "1 to 255 characters"), replaces=True
            ),
            "namespace": text(
                f"{ALARM}: namespace: ValidateFunc",
                fits=fits.pattern(r"[^:].{0,254}", "1 to 255 characters, not from a colon"),
            ),
            "okActions": ACTIONS,
            "period": whole("Valid values are `10`, `20`, `30`, or any multiple of `60`", least=10),
            "statistic": text("`SampleCount`, `Average`, `Sum`, `Minimum`, `Maximum`", choices=STATISTICS),
            "tags": TAGS,
            "threshold": number(),
            "treatMissingData": text(
                "`missing`, `ignore`, `breaching` and `notBreaching`", choices=MISSING, default="missing"
            ),
            "unit": text(),
        },
        ("arn",),
        alarm_create,
        alarm_read,
        alarm_delete,
        alarm_update,
        naming=Naming("name", 255),
        together=alarm_together,
    ),
)
