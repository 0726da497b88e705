# SPDX-License-Identifier: Apache-2.0
"""What machines may do: iam.Role, RolePolicy, InstanceProfile."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.rules import TAGS, Naming, Type, flag, text, whole
from bascule_double.session import Session
from bascule_double.types.iam import WORD, document, forced, inline_type, policy_text, retag, tags_of
from bascule_double.values import Properties, without_none


def role_create(session: Session, new: Properties) -> str:
    words = without_none(
        RoleName=new["name"],
        AssumeRolePolicyDocument=new["assumeRolePolicy"],
        Description=new.get("description"),
        Path=new.get("path"),
        MaxSessionDuration=new.get("maxSessionDuration"),
        PermissionsBoundary=new.get("permissionsBoundary"),
        Tags=session.tag_list(new),
    )
    return str(session.client("iam").create_role(**words)["Role"]["RoleName"])


def role_read(session: Session, id_: str, state: Properties) -> Properties:
    found = session.client("iam").get_role(RoleName=id_)["Role"]
    return {
        "arn": found["Arn"],
        "name": id_,
        "path": found["Path"],
        "uniqueId": found["RoleId"],
        "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "assumeRolePolicy": policy_text(found["AssumeRolePolicyDocument"]),
        "description": found.get("Description", ""),
        "maxSessionDuration": found.get("MaxSessionDuration", 3600),
        **tags_of(found),
    }


def role_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    iam = session.client("iam")
    if not fits.same_json(old.get("assumeRolePolicy"), new["assumeRolePolicy"]):
        iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
    words = {"Description": new.get("description", ""), "MaxSessionDuration": new.get("maxSessionDuration", 3600)}
    iam.update_role(RoleName=id_, **words)
    retag(session, "role", {"RoleName": id_}, old, new)


def role_delete(session: Session, id_: str, state: Properties) -> None:
    iam = session.client("iam")
    if state.get("forceDetachPolicies"):
        for entry in iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=id_, PolicyArn=entry["PolicyArn"])
        for name in iam.list_role_policies(RoleName=id_)["PolicyNames"]:
            iam.delete_role_policy(RoleName=id_, PolicyName=name)
    iam.delete_role(RoleName=id_)


def profile_create(session: Session, new: Properties) -> str:
    iam = session.client("iam")
    words = without_none(InstanceProfileName=new["name"], Path=new.get("path"), Tags=session.tag_list(new))
    iam.create_instance_profile(**words)
    if new.get("role"):
        iam.add_role_to_instance_profile(InstanceProfileName=new["name"], RoleName=new["role"])
    return str(new["name"])


def profile_read(session: Session, id_: str, state: Properties) -> Properties:
    found = session.client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    roles = [role["RoleName"] for role in found["Roles"]]
    return {
        "arn": found["Arn"],
        "name": id_,
        "path": found["Path"],
        "uniqueId": found["InstanceProfileId"],
        "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        **({"role": roles[0]} if roles else {}),
        **tags_of(found),
    }


def profile_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    iam = session.client("iam")
    if old.get("role") != new.get("role"):
        if old.get("role"):
            iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=old["role"])
        if new.get("role"):
            iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=new["role"])
    retag(session, "instance_profile", {"InstanceProfileName": id_}, old, new)


def profile_delete(session: Session, id_: str, state: Properties) -> None:
    iam = session.client("iam")
    for role in iam.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=id_)


ROLE = Type(
    "aws:iam/role:Role",
    {
        "assumeRolePolicy": document("upstream iam/role.go: assume_role_policy: ValidateFunc"),
        "description": text(),
        "forceDetachPolicies": flag(default=False),
        "maxSessionDuration": whole(
            "This setting can have a value from 1 hour to 12 hours", least=3600, most=43200, default=3600
        ),
        "name": text(forced("role", "name"), fits=WORD, replaces=True),
        "path": text(forced("role", "path"), default="/", replaces=True),
        "permissionsBoundary": text("upstream iam/role.go: permissions_boundary: ValidateFunc", fits=fits.arn),
        "tags": TAGS,
    },
    ("arn", "createDate", "uniqueId"),
    role_create,
    role_read,
    role_delete,
    role_update,
    naming=Naming("name", 64),
    regional=False,
)
PROFILE = Type(
    "aws:iam/instanceProfile:InstanceProfile",
    {
        "name": text("Spaces are not allowed", forced("instance_profile", "name"), fits=WORD, replaces=True),
        "path": text(forced("instance_profile", "path"), default="/", replaces=True),
        "role": text(),
        "tags": TAGS,
    },
    ("arn", "createDate", "uniqueId"),
    profile_create,
    profile_read,
    profile_delete,
    profile_update,
    naming=Naming("name", 128),
    regional=False,
)
TYPES = (ROLE, inline_type("role"), PROFILE)
