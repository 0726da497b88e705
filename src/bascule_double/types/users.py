# SPDX-License-Identifier: Apache-2.0
"""What people and programs elsewhere may do: iam.User, UserPolicy, AccessKey."""

from __future__ import annotations

from bascule_double.rules import TAGS, Naming, Type, flag, needed, text
from bascule_double.session import Session, only
from bascule_double.types.iam import WORD, forced, inline_type, retag, tags_of
from bascule_double.values import Properties, without_none


def user_create(session: Session, new: Properties) -> str:
    words = without_none(UserName=new["name"], Path=new.get("path"), Tags=session.tag_list(new))
    return str(session.client("iam").create_user(**words)["User"]["UserName"])


def user_read(session: Session, id_: str, state: Properties) -> Properties:
    found = session.client("iam").get_user(UserName=id_)["User"]
    return {"arn": found["Arn"], "name": id_, "path": found["Path"], "uniqueId": found["UserId"], **tags_of(found)}


def user_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    if old.get("path", "/") != new.get("path", "/"):
        session.client("iam").update_user(UserName=id_, NewPath=new.get("path", "/"))
    retag(session, "user", {"UserName": id_}, old, new)


def user_delete(session: Session, id_: str, state: Properties) -> None:
    iam = session.client("iam")
    if state.get("forceDestroy"):
        for key in iam.list_access_keys(UserName=id_)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=id_, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=id_)


def key_create(session: Session, new: Properties) -> str:
    iam = session.client("iam")
    made = iam.create_access_key(UserName=new["user"])["AccessKey"]
    id_ = str(made["AccessKeyId"])
    SECRETS[id_] = str(made["SecretAccessKey"])
    if new.get("status") == "Inactive":
        iam.update_access_key(UserName=new["user"], AccessKeyId=id_, Status="Inactive")
    return id_


# AWS says the secret of a key once, when it is made: from there to the outputs of the resource.
SECRETS: dict[str, str] = {}


def key_read(session: Session, id_: str, state: Properties) -> Properties:
    keys = session.client("iam").list_access_keys(UserName=state["user"])["AccessKeyMetadata"]
    found = only([key for key in keys if key["AccessKeyId"] == id_], f"The access key {id_}")
    secret = SECRETS.pop(id_, state.get("secret"))
    created = found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"user": found["UserName"], "status": found["Status"], "createDate": created, **without_none(secret=secret)}


def key_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    words = {"UserName": new["user"], "AccessKeyId": id_, "Status": new.get("status", "Active")}
    session.client("iam").update_access_key(**words)


def key_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("iam").delete_access_key(UserName=state["user"], AccessKeyId=id_)


USER = Type(
    "aws:iam/user:User",
    {
        "forceDestroy": flag(default=False),
        # Renaming a user is an update at AWS; the double has no need of it, and makes a new one rather than pretend.
        "name": text(
            "The name must consist of upper and lowercase alphanumeric characters with no spaces",
            fits=WORD,
            replaces=True,
        ),
        "path": text(default="/"),
        "tags": TAGS,
    },
    ("arn", "uniqueId"),
    user_create,
    user_read,
    user_delete,
    user_update,
    naming=Naming("name", 64),
    volatile={"arn": ("path",)},
    regional=False,
)
ACCESS_KEY = Type(
    "aws:iam/accessKey:AccessKey",
    {
        "user": needed(text(forced("access_key", "user"), replaces=True)),
        "status": text("Valid values are `Active` and `Inactive`", choices=("Active", "Inactive"), default="Active"),
    },
    ("createDate", "secret"),
    key_create,
    key_read,
    key_delete,
    key_update,
    regional=False,
)
TYPES = (USER, inline_type("user"), ACCESS_KEY)
