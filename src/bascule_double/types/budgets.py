# SPDX-License-Identifier: Apache-2.0
"""budgets.Budget: what the site may cost a month, and who is told."""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.rules import TAGS, Naming, Type, block, many, needed, number, text
from bascule_double.session import Session
from bascule_double.values import UNKNOWN, Properties

BUDGET = "upstream budgets/budget.go"
# The budgets of an account are served in one region.
HOME = "us-east-1"
UNITS = ("MONTHLY", "QUARTERLY", "ANNUALLY", "DAILY")
KINDS = ("USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE")
FILTERS = (
    "AZ", "BillingEntity", "CostCategory", "InstanceType", "InvoicingEntity", "LegalEntityName", "LinkedAccount",
    "Operation", "PurchaseType", "Region", "Service", "TagKeyValue", "UsageType", "UsageTypeGroup",
)  # fmt: skip
EMAILS, TOPICS = "subscriberEmailAddresses", "subscriberSnsTopicArns"


def client(session: Session) -> Any:
    return session.clients.get("budgets", HOME)


def budget_words(new: Properties) -> dict[str, Any]:
    """A budget as the service wants it."""
    words: dict[str, Any] = {"BudgetName": new["name"], "BudgetType": new["budgetType"], "TimeUnit": new["timeUnit"]}
    if new.get("limitAmount") is not None:
        words["BudgetLimit"] = {"Amount": new["limitAmount"], "Unit": new["limitUnit"]}
    if new.get("costFilters"):
        words["CostFilters"] = {entry["name"]: entry["values"] for entry in new["costFilters"]}
    return words


def notice_words(notice: Properties) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """A notification, and who gets it."""
    words = {
        "NotificationType": notice["notificationType"],
        "ComparisonOperator": notice["comparisonOperator"],
        "Threshold": notice["threshold"],
        "ThresholdType": notice["thresholdType"],
    }
    told = [("EMAIL", address) for address in notice.get(EMAILS, [])] + [("SNS", arn) for arn in notice.get(TOPICS, [])]
    return words, [{"SubscriptionType": kind, "Address": address} for kind, address in told]


def create(session: Session, new: Properties) -> str:
    words: dict[str, Any] = {"AccountId": session.account, "Budget": budget_words(new)}
    if notices := [notice_words(notice) for notice in new.get("notifications", [])]:
        words["NotificationsWithSubscribers"] = [{"Notification": what, "Subscribers": who} for what, who in notices]
    client(session).create_budget(**words)
    return f"{session.account}:{new['name']}"


def read(session: Session, id_: str, state: Properties) -> Properties:
    account, _, name = id_.partition(":")
    found = client(session).describe_budget(AccountId=account, BudgetName=name)["Budget"]
    limit = found.get("BudgetLimit") or {}
    return {
        "arn": f"arn:aws:budgets::{account}:budget/{name}",
        "accountId": account,
        "name": name,
        "budgetType": found["BudgetType"],
        "timeUnit": found["TimeUnit"],
        **({"limitAmount": plain_amount(limit["Amount"]), "limitUnit": limit["Unit"]} if limit else {}),
        # moto keeps neither tags nor filters nor who is told: they are taken as they were written.
        **{key: state[key] for key in ("tags", "tagsAll", "costFilters", "notifications") if key in state},
    }


def plain_amount(amount: str) -> str:
    """`120.0` as `120`."""
    return f"{float(amount):g}" if float(amount).is_integer() else amount


def update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """moto cannot change a budget: the new one takes the old one's name and place."""
    delete(session, id_, old)
    create(session, new)


def delete(session: Session, id_: str, state: Properties) -> None:
    account, _, name = id_.partition(":")
    client(session).delete_budget(AccountId=account, BudgetName=name)


def together(inputs: Properties) -> list[tuple[str, str]]:
    found = []
    if inputs.get("limitAmount") is None or inputs.get("limitUnit") is None:
        found.append(
            ("limitAmount", "a budget needs 'limitAmount' and 'limitUnit'; planned limits are not known to the double")
        )
    notices = inputs.get("notifications")
    for index, notice in enumerate(notices if isinstance(notices, list) else []):
        if notice is not UNKNOWN and not notice.get(EMAILS) and not notice.get(TOPICS):
            found.append((f"notifications[{index}]", f"either {EMAILS} or {TOPICS} is required"))
    return found


AMOUNT = fits.pattern(r"\d+(\.\d+)?", 'an amount as a text (`"120"`)')
NOTICE = block(
    {
        "comparisonOperator": needed(
            text("Can be `LESS_THAN`, `EQUAL_TO` or `GREATER_THAN`", choices=("LESS_THAN", "EQUAL_TO", "GREATER_THAN"))
        ),
        "notificationType": needed(text("Can be `ACTUAL` or `FORECASTED`", choices=("ACTUAL", "FORECASTED"))),
        "threshold": needed(number()),
        "thresholdType": needed(
            text("Can be `PERCENTAGE` OR `ABSOLUTE_VALUE`", choices=("PERCENTAGE", "ABSOLUTE_VALUE"))
        ),
        EMAILS: many(text(), unordered=True),
        TOPICS: many(
            text("upstream budgets/budget.go: subscriber_sns_topic_arns: ValidateFunc", fits=fits.arn), unordered=True
        ),
    }
)
TYPES = (
    Type(
        "aws:budgets/budget:Budget",
        {
            "accountId": text(
                f"{BUDGET}: account_id: ForceNew",
                f"{BUDGET}: account_id: ValidateFunc",
                fits=fits.account,
                replaces=True,
                chosen=True,
            ),
            "budgetType": needed(text("Whether this budget tracks monetary cost or usage", choices=KINDS)),
            "costFilters": many(
                block(
                    {
                        "name": needed(text("Name of the cost filter. Valid values are `AZ`", choices=FILTERS)),
                        "values": needed(many(text())),
                    }
                ),
                unordered=True,
                chosen=True,
            ),
            "limitAmount": text(
                "Amount of cost or usage being measured for a budget",
                fits=AMOUNT,
                same=lambda one, other: float(one) == float(other),
            ),
            "limitUnit": text(),
            "name": text(
                f"{BUDGET}: name: ForceNew",
                fits=fits.pattern(r"[^:\\]{1,100}", "1 to 100 characters without : and \\"),
                replaces=True,
            ),
            "notifications": many(NOTICE, unordered=True),
            "tags": TAGS,
            "timeUnit": needed(text("Valid values: `MONTHLY`, `QUARTERLY`, `ANNUALLY`, and `DAILY`", choices=UNITS)),
        },
        ("accountId", "arn"),
        create,
        read,
        delete,
        update,
        naming=Naming("name", 100),
        together=together,
        regional=False,
        says=("Either this or `subscriber_sns_topic_arns` is required",),
    ),
)
