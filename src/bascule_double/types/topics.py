# SPDX-License-Identifier: Apache-2.0
"""Who is told: sns.Topic, TopicPolicy."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.rules import TAGS, Naming, Type, needed, text
from bascule_double.session import Session, named_tags
from bascule_double.values import Properties, without_none

TOPIC = "upstream sns/topic.go"


def retag(session: Session, service: str, words: dict[str, str], old: Properties, new: Properties) -> None:
    """Make the tags of an alarm or a topic those of its new properties."""
    client, before, after = session.client(service), old.get("tagsAll") or {}, session.tags(new)
    if gone := sorted(set(before) - set(after)):
        client.untag_resource(**words, TagKeys=gone)
    if after and after != before:
        client.tag_resource(**words, Tags=session.tag_list(new))


def topic_create(session: Session, new: Properties) -> str:
    attributes = {word: new[key] for key, word in TOPIC_WORDS.items() if new.get(key) is not None}
    words = without_none(Attributes=attributes or None, Tags=session.tag_list(new))
    return str(session.client("sns").create_topic(Name=new["name"], **words)["TopicArn"])


def topic_read(session: Session, id_: str, state: Properties) -> Properties:
    sns = session.client("sns")
    found = sns.get_topic_attributes(TopicArn=id_)["Attributes"]
    tags = named_tags(sns.list_tags_for_resource(ResourceArn=id_)["Tags"])
    return {
        "arn": id_,
        "name": id_.rpartition(":")[2],
        "owner": found.get("Owner", session.account),
        **{key: found[word] for key, word in TOPIC_WORDS.items() if found.get(word)},
        "tags": tags,
        "tagsAll": tags,
    }


def topic_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    for key, word in TOPIC_WORDS.items():
        if new.get(key) is not None and new[key] != old.get(key):
            session.client("sns").set_topic_attributes(TopicArn=id_, AttributeName=word, AttributeValue=new[key])
    retag(session, "sns", {"ResourceArn": id_}, old, new)


def topic_delete(session: Session, id_: str, state: Properties) -> None:
    sns = session.client("sns")
    sns.get_topic_attributes(TopicArn=id_)
    sns.delete_topic(TopicArn=id_)


def policy_put(session: Session, topic: str, policy: str) -> None:
    session.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)


def policy_create(session: Session, new: Properties) -> str:
    policy_put(session, new["arn"], new["policy"])
    return str(new["arn"])


def policy_read(session: Session, id_: str, state: Properties) -> Properties:
    found = session.client("sns").get_topic_attributes(TopicArn=id_)["Attributes"]
    return {"arn": id_, "policy": found.get("Policy", ""), "owner": found.get("Owner", session.account)}


def policy_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    policy_put(session, id_, new["policy"])


def policy_delete(session: Session, id_: str, state: Properties) -> None:
    """A topic always has a policy: the one that AWS gives to a new one comes back."""
    session.client("sns").get_topic_attributes(TopicArn=id_)
    policy_put(session, id_, DEFAULT_POLICY.replace("TOPIC", id_).replace("ACCOUNT", session.account))


TOPIC_WORDS = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "policy": "Policy"}
DEFAULT_POLICY = (
    '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",'
    '"Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"TOPIC",'
    '"Condition":{"StringEquals":{"AWS:SourceOwner":"ACCOUNT"}}}]}'
)
TOPIC_NAME = fits.pattern(r"[A-Za-z0-9_-]{1,256}", "1 to 256 letters, figures, underscores and hyphens")

TYPES = (
    Type(
        "aws:sns/topic:Topic",
        {
            "displayName": text(),
            "kmsMasterKeyId": text(),
            "name": text(
                "must be between 1 and 256 characters long", f"{TOPIC}: name: ForceNew", fits=TOPIC_NAME, replaces=True
            ),
            "policy": text(
                "The fully-formed AWS policy as JSON", fits=fits.json_document, same=fits.same_json, chosen=True
            ),
            "tags": TAGS,
        },
        ("arn", "owner", "policy"),
        topic_create,
        topic_read,
        topic_delete,
        topic_update,
        naming=Naming("name", 256),
    ),
    Type(
        "aws:sns/topicPolicy:TopicPolicy",
        {
            "arn": needed(
                text(
                    "The ARN of the SNS topic",
                    "upstream sns/topic_policy.go: arn: ForceNew",
                    fits=fits.arn,
                    replaces=True,
                )
            ),
            "policy": needed(text("The fully-formed AWS policy as JSON", fits=fits.json_document, same=fits.same_json)),
        },
        ("owner",),
        policy_create,
        policy_read,
        policy_delete,
        policy_update,
    ),
)
