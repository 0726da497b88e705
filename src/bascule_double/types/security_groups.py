# SPDX-License-Identifier: Apache-2.0
"""What may come in and go out: SecurityGroup, SecurityGroupIngressRule, SecurityGroupEgressRule."""

from __future__ import annotations

from typing import Any

from bascule_double import fits
from bascule_double.rules import TAGS, Input, Naming, Type, flag, needed, text, whole
from bascule_double.session import Session
from bascule_double.types.ec2 import arn, one, retag, tag_words, tags_of
from bascule_double.values import UNKNOWN, Properties, without_none

SOURCES = {
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
}
ALL = "-1"
GROUP = "upstream ec2/vpc_security_group.go"
RULE = "upstream ec2/vpc_security_group_ingress_rule.go"
# What AWS takes in the description of a group (API Reference, CreateSecurityGroup, GroupDescription).
DESCRIPTION = fits.pattern(
    r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}",
    "a description of 1 to 255 letters, figures and . _-:/()#,@[]+=&;{}!$*",
)


def group_create(session: Session, new: Properties) -> str:
    ec2 = session.client("ec2")
    words = without_none(
        GroupName=new["name"],
        Description=new.get("description", MANAGED),
        VpcId=new.get("vpcId"),
    )
    id_ = str(ec2.create_security_group(**words, **tag_words(session, "security-group", new))["GroupId"])
    # AWS lets everything out of a new group; the provider takes that away (ec2.SecurityGroup, NOTE on Egress rules).
    everything = {"IpProtocol": ALL, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[everything])
    return id_


def group_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "security-group", id_)
    return {
        "arn": arn(session, "security-group", id_),
        "name": found["GroupName"],
        "description": found["Description"],
        "vpcId": found.get("VpcId", ""),
        "ownerId": session.account,
        **tags_of(found),
    }


def group_delete(session: Session, id_: str, state: Properties) -> None:
    if state.get("revokeRulesOnDelete"):
        revoke_all(session, id_)
    session.client("ec2").delete_security_group(GroupId=id_)


def revoke_all(session: Session, id_: str) -> None:
    """Take all rules off a group."""
    ec2 = session.client("ec2")
    found = one(session, "security-group", id_)
    if found["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=id_, IpPermissions=found["IpPermissions"])
    if found["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=found["IpPermissionsEgress"])


def permission(new: Properties) -> dict[str, Any]:
    """A rule as it is authorised."""
    words: dict[str, Any] = {"IpProtocol": new["ipProtocol"]}
    words |= without_none(FromPort=new.get("fromPort"), ToPort=new.get("toPort"))
    said = without_none(Description=new.get("description"))
    if new.get("cidrIpv4"):
        words["IpRanges"] = [{"CidrIp": new["cidrIpv4"], **said}]
    if new.get("cidrIpv6"):
        words["Ipv6Ranges"] = [{"CidrIpv6": new["cidrIpv6"], **said}]
    if new.get("prefixListId"):
        words["PrefixListIds"] = [{"PrefixListId": new["prefixListId"], **said}]
    if new.get("referencedSecurityGroupId"):
        words["UserIdGroupPairs"] = [{"GroupId": new["referencedSecurityGroupId"], **said}]
    return words


class Rule:
    """What one direction of rules does."""

    def __init__(self, direction: str) -> None:
        self.direction = direction

    def create(self, session: Session, new: Properties) -> str:
        authorize = getattr(session.client("ec2"), f"authorize_security_group_{self.direction}")
        tags = tag_words(session, "security-group-rule", new)
        answer = authorize(GroupId=new["securityGroupId"], IpPermissions=[permission(new)], **tags)
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, session: Session, id_: str, state: Properties) -> Properties:
        found = one(session, "security-group-rule", id_)
        referenced = (found.get("ReferencedGroupInfo") or {}).get("GroupId")
        ports = (
            {}
            if found["IpProtocol"] == ALL
            else without_none(fromPort=found.get("FromPort"), toPort=found.get("ToPort"))
        )
        sources = {key: found.get(word) for key, word in SOURCES.items() if found.get(word)}
        return {
            "arn": arn(session, "security-group-rule", id_),
            "securityGroupRuleId": id_,
            "securityGroupId": found["GroupId"],
            "ipProtocol": found["IpProtocol"],
            **ports,
            **sources,
            **without_none(referencedSecurityGroupId=referenced, description=found.get("Description") or None),
            **tags_of(found),
        }

    def update(self, session: Session, id_: str, old: Properties, new: Properties) -> None:
        words = without_none(
            IpProtocol=new["ipProtocol"],
            FromPort=new.get("fromPort", -1),
            ToPort=new.get("toPort", -1),
            Description=new.get("description"),
            **{word: new.get(key) for key, word in SOURCES.items()},
        )
        rule = {"SecurityGroupRuleId": id_, "SecurityGroupRule": words}
        ec2 = session.client("ec2")
        ec2.modify_security_group_rules(GroupId=new["securityGroupId"], SecurityGroupRules=[rule])
        retag(session, id_, old, new)

    def delete(self, session: Session, id_: str, state: Properties) -> None:
        revoke = getattr(session.client("ec2"), f"revoke_security_group_{self.direction}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])


def rule_together(inputs: Properties) -> list[tuple[str, str]]:
    found = []
    given = [key for key in SOURCES if inputs.get(key) is not None]
    if len(given) != 1:
        found.append(("cidrIpv4", f"a rule takes exactly one of {', '.join(SOURCES)}; {len(given)} are given"))
    ports = [key for key in ("fromPort", "toPort") if inputs.get(key) is not None]
    protocol = inputs.get("ipProtocol")
    if protocol == ALL and ports:
        found.append((ports[0], f"with ipProtocol {ALL} no ports are defined"))
    if protocol not in (ALL, "icmpv6", UNKNOWN) and len(ports) < 2:
        found.append(("fromPort", f"fromPort and toPort are required with ipProtocol {protocol}"))
    low, high = inputs.get("fromPort"), inputs.get("toPort")
    if protocol in ("tcp", "udp") and isinstance(low, int) and isinstance(high, int) and low > high:
        found.append(("fromPort", f"fromPort {low} is more than toPort {high}"))
    return found


def rule_forces(old: Properties, new: Properties) -> list[str]:
    """A rule cannot change from one kind of source to another."""
    before, after = ([key for key in SOURCES if one_.get(key) is not None] for one_ in (old, new))
    return [] if before == after else [*before, *after]


MANAGED = "Managed by Pulumi"
RULE_INPUTS: dict[str, Input] = {
    "securityGroupId": needed(text(f"{RULE}: security_group_id: RequiresReplace", replaces=True)),
    "ipProtocol": needed(text("Use `-1` to specify all protocols")),
    "cidrIpv4": text("IPv4 CIDR range", fits=fits.network),
    "cidrIpv6": text(),
    "prefixListId": text(),
    "referencedSecurityGroupId": text(),
    "fromPort": whole(
        "Start of port range for the TCP and UDP protocols, or an ICMP/ICMPv6 type", least=-1, most=65535
    ),
    "toPort": whole("End of port range for the TCP and UDP protocols, or an ICMP/ICMPv6 code", least=-1, most=65535),
    "description": text(),
    "tags": TAGS,
}


def rule_type(direction: str) -> Type:
    """The type of one direction's rules."""
    rule = Rule(direction)
    name = f"ecurityGroup{direction.capitalize()}Rule"
    return Type(
        f"aws:vpc/s{name}:S{name}",
        RULE_INPUTS,
        ("arn", "securityGroupRuleId"),
        rule.create,
        rule.read,
        rule.delete,
        rule.update,
        together=rule_together,
        forces=rule_forces,
        says=(
            "The `from_port` and `to_port` arguments are required unless `ip_protocol` is set to `-1` or `icmpv6`",
            f"{RULE}: cidr_ipv4: ExactlyOneOf",
        ),
    )


TYPES = (
    Type(
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "name": text(f"{GROUP}: name: ForceNew", replaces=True),
            "description": text(
                'Cannot be `""`', f"{GROUP}: description: ForceNew", fits=DESCRIPTION, replaces=True, default=MANAGED
            ),
            "vpcId": text(f"{GROUP}: vpc_id: ForceNew", replaces=True, chosen=True),
            "revokeRulesOnDelete": flag(default=False),
            "tags": TAGS,
        },
        ("arn", "ownerId"),
        group_create,
        group_read,
        group_delete,
        retag,
        naming=Naming("name", 255),
    ),
    rule_type("ingress"),
    rule_type("egress"),
)
