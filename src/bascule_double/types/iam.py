# SPDX-License-Identifier: Apache-2.0
"""What all types of the service IAM share; and the policies that are inside a role or a user."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from bascule_double import fits
from bascule_double.rules import Input, Naming, Type, needed, text
from bascule_double.session import Session, named_tags
from bascule_double.values import Properties

WORD = fits.pattern(r"[\w+=,.@-]+", "a name of letters, figures and _ + = , . @ -")


def forced(file: str, property_: str) -> str:
    """Where it says that a change of a property makes a new one."""
    return f"upstream iam/{file}.go: {property_}: ForceNew"


def document(*says: str) -> Input:
    """A policy as JSON."""
    return needed(text(*says, fits=fits.json_document, same=fits.same_json))


def retag(session: Session, kind: str, words: dict[str, str], old: Properties, new: Properties) -> None:
    """Make the tags of a role, a user or an instance profile those of its new properties."""
    iam, before, after = session.client("iam"), old.get("tagsAll") or {}, session.tags(new)
    if gone := sorted(set(before) - set(after)):
        getattr(iam, f"untag_{kind}")(**words, TagKeys=gone)
    if after != before:
        getattr(iam, f"tag_{kind}")(**words, Tags=session.tag_list(new))


def tags_of(found: Any) -> Properties:
    tags = named_tags(found.get("Tags"))
    return {"tags": tags, "tagsAll": tags}


def policy_text(found: Any) -> str:
    """A policy as IAM answers it: decoded by boto3, or still quoted for a URL."""
    return unquote(found) if isinstance(found, str) else json.dumps(found)


class Inline:
    """A policy inside a role or a user: `of` is `role` or `user`."""

    def __init__(self, of: str) -> None:
        self.of = of
        self.word = f"{of.capitalize()}Name"

    def create(self, session: Session, new: Properties) -> str:
        put = getattr(session.client("iam"), f"put_{self.of}_policy")
        put(**{self.word: new[self.of], "PolicyName": new["name"], "PolicyDocument": new["policy"]})
        return f"{new[self.of]}:{new['name']}"

    def read(self, session: Session, id_: str, state: Properties) -> Properties:
        owner, _, name = id_.partition(":")
        found = getattr(session.client("iam"), f"get_{self.of}_policy")(**{self.word: owner, "PolicyName": name})
        return {self.of: owner, "name": name, "policy": policy_text(found["PolicyDocument"])}

    def update(self, session: Session, id_: str, old: Properties, new: Properties) -> None:
        self.create(session, new)

    def delete(self, session: Session, id_: str, state: Properties) -> None:
        owner, _, name = id_.partition(":")
        getattr(session.client("iam"), f"delete_{self.of}_policy")(**{self.word: owner, "PolicyName": name})


def inline_type(of: str) -> Type:
    """The type of the policies inside roles, or inside users."""
    work, file = Inline(of), f"{of}_policy"
    inputs = {
        of: needed(text(forced(file, of), replaces=True)),
        "name": text(forced(file, "name"), fits=WORD, replaces=True),
        "policy": document("This is a JSON formatted string"),
    }
    name = f"{of.capitalize()}Policy"
    token = f"aws:iam/{of}Policy:{name}"
    return Type(
        token, inputs, (), work.create, work.read, work.delete, work.update, naming=Naming("name", 128), regional=False
    )
