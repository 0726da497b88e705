# SPDX-License-Identifier: Apache-2.0
"""Names in the DNS: route53.Zone, Record."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from bascule_double import fits
from bascule_double.errors import Missing
from bascule_double.rules import TAGS, Type, flag, many, needed, text, whole
from bascule_double.session import Session, named_tags
from bascule_double.values import Properties, without_none

RECORD = "upstream route53/record.go"
ZONE = "upstream route53/zone.go"
RECORD_TYPES = (
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB",
    "TLSA", "TXT",
)  # fmt: skip
MANAGED = "Managed by Pulumi"


def reference(name: str) -> str:
    """A text that Route 53 has not seen: it refuses to make the same thing twice."""
    return hashlib.sha256(f"{name} {time.time_ns()}".encode()).hexdigest()[:32]


def retag(session: Session, kind: str, id_: str, old: Properties, new: Properties) -> None:
    """Make the tags of a zone or a health check those of its new properties."""
    before, after = old.get("tagsAll") or {}, session.tags(new)
    words = without_none(
        AddTags=session.tag_list(new) if after != before else [], RemoveTagKeys=sorted(set(before) - set(after))
    )
    if words:
        session.client("route53").change_tags_for_resource(ResourceType=kind, ResourceId=id_, **words)


def tags_of(session: Session, kind: str, id_: str) -> Properties:
    found = session.client("route53").list_tags_for_resource(ResourceType=kind, ResourceId=id_)
    tags = named_tags(found["ResourceTagSet"]["Tags"])
    return {"tags": tags, "tagsAll": tags}


def zone_create(session: Session, new: Properties) -> str:
    words = {"Comment": new.get("comment", MANAGED), "PrivateZone": False}
    answer = session.client("route53").create_hosted_zone(
        Name=new["name"], CallerReference=reference(new["name"]), HostedZoneConfig=words
    )
    id_ = str(answer["HostedZone"]["Id"]).rpartition("/")[2]
    retag(session, "hostedzone", id_, {}, new)
    return id_


def zone_read(session: Session, id_: str, state: Properties) -> Properties:
    answer = session.client("route53").get_hosted_zone(Id=id_)
    servers = sorted((answer.get("DelegationSet") or {}).get("NameServers", []))
    return {
        "arn": f"arn:aws:route53:::hostedzone/{id_}",
        "zoneId": id_,
        "name": answer["HostedZone"]["Name"].rstrip("."),
        "comment": (answer["HostedZone"].get("Config") or {}).get("Comment", ""),
        "nameServers": servers,
        "primaryNameServer": next(iter(servers), ""),
        **tags_of(session, "hostedzone", id_),
    }


def zone_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    if old.get("comment") != new.get("comment"):
        session.client("route53").update_hosted_zone_comment(Id=id_, Comment=new.get("comment", MANAGED))
    retag(session, "hostedzone", id_, old, new)


def zone_delete(session: Session, id_: str, state: Properties) -> None:
    """Remove a zone; records that others made in it only with forceDestroy."""
    route53 = session.client("route53")
    if state.get("forceDestroy"):
        name = route53.get_hosted_zone(Id=id_)["HostedZone"]["Name"]
        for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id_):
            for found in page["ResourceRecordSets"]:
                if found["Name"] != name or found["Type"] not in ("NS", "SOA"):
                    change(session, id_, "DELETE", found)
    route53.delete_hosted_zone(Id=id_)


def change(session: Session, zone: str, action: str, record: Any) -> None:
    """Change one record of a zone."""
    batch = {"Comment": MANAGED, "Changes": [{"Action": action, "ResourceRecordSet": record}]}
    session.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def full_name(session: Session, zone: str, name: str) -> str:
    """The name of a record with its zone, without the last dot."""
    apex = session.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"].rstrip(".")
    short = name.rstrip(".").lower()
    if short == apex or short.endswith(f".{apex}"):
        return short
    return f"{short}.{apex}" if short else apex


def record_words(session: Session, new: Properties) -> dict[str, Any]:
    """A record as Route 53 wants it; texts are quoted."""
    quoted = [f'"{value}"' if new["type"] in ("TXT", "SPF") else value for value in new.get("records", [])]
    return without_none(
        Name=full_name(session, new["zoneId"], new["name"]),
        Type=new["type"],
        TTL=new.get("ttl"),
        ResourceRecords=[{"Value": value} for value in quoted],
        HealthCheckId=new.get("healthCheckId"),
        SetIdentifier=new.get("setIdentifier"),
    )


def record_create(session: Session, new: Properties) -> str:
    change(session, new["zoneId"], "UPSERT" if new.get("allowOverwrite") else "CREATE", record_words(session, new))
    return "_".join(filter(None, (new["zoneId"], new["name"], new["type"], new.get("setIdentifier"))))


def record_found(session: Session, state: Properties) -> Any:
    """The record as it is in the zone now. Raises Missing."""
    zone = state["zoneId"]
    name = full_name(session, zone, state["name"])
    for page in session.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
        for found in page["ResourceRecordSets"]:
            same = found["Name"].rstrip(".") == name and found["Type"] == state["type"]
            if same and found.get("SetIdentifier") == state.get("setIdentifier"):
                return found
    raise Missing(f"The record {name} {state['type']} is not in the zone {zone}.")


def record_read(session: Session, id_: str, state: Properties) -> Properties:
    found = record_found(session, state)
    values = [
        entry["Value"].strip('"') if found["Type"] in ("TXT", "SPF") else entry["Value"]
        for entry in found.get("ResourceRecords", [])
    ]
    about = {"zoneId": state["zoneId"], "name": state["name"], "type": found["Type"], "fqdn": found["Name"].rstrip(".")}
    return {
        **about,
        "records": values,
        **without_none(
            ttl=found.get("TTL"), healthCheckId=found.get("HealthCheckId"), setIdentifier=found.get("SetIdentifier")
        ),
    }


def record_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    """A record of another type is another record: the old one goes."""
    if old["type"] != new["type"] or old.get("setIdentifier") != new.get("setIdentifier"):
        record_delete(session, id_, old)
    change(session, new["zoneId"], "UPSERT", record_words(session, new))


def record_delete(session: Session, id_: str, state: Properties) -> None:
    """What is in the zone now is deleted, whatever it was when it was made."""
    change(session, state["zoneId"], "DELETE", record_found(session, state))


def record_together(inputs: Properties) -> list[tuple[str, str]]:
    found = []
    if inputs.get("records") is None:
        found.append(("records", "route53.Record needs 'records'; aliases are not known to the double"))
    if inputs.get("ttl") is None:
        found.append(("ttl", "'ttl' is required with 'records'"))
    return found


HOST = fits.pattern(r"(\*\.)?([a-zA-Z0-9_-]{1,63}\.)*[a-zA-Z0-9_-]{1,63}\.?", "a domain name")
ZONE_TYPE = Type(
    "aws:route53/zone:Zone",
    {
        "comment": text(
            "Defaults to 'Managed by Pulumi'",
            default=MANAGED,
            fits=fits.pattern(r"[\s\S]{0,256}", "at most 256 characters"),
        ),
        "forceDestroy": flag(default=False),
        "name": needed(text(f"{ZONE}: name: ForceNew", f"{ZONE}: name: ValidateFunc", fits=HOST, replaces=True)),
        "tags": TAGS,
    },
    ("arn", "nameServers", "primaryNameServer", "zoneId"),
    zone_create,
    zone_read,
    zone_delete,
    zone_update,
    regional=False,
)
RECORD_TYPE = Type(
    "aws:route53/record:Record",
    {
        "allowOverwrite": flag(chosen=True),
        "healthCheckId": text(),
        "name": needed(text(f"{RECORD}: name: ForceNew", replaces=True)),
        "records": many(text(), unordered=True),
        "setIdentifier": text(),
        "ttl": whole("upstream route53/record.go: ttl: RequiredWith", least=0, most=2147483647),
        "type": needed(text("The record type. Valid values are `A`, `AAAA`, `CAA`, `CNAME`", choices=RECORD_TYPES)),
        "zoneId": needed(text(f"{RECORD}: zone_id: ForceNew", replaces=True)),
    },
    ("fqdn",),
    record_create,
    record_read,
    record_delete,
    record_update,
    together=record_together,
    regional=False,
    says=(f"{RECORD}: records: ExactlyOneOf", f"{RECORD}: ttl: RequiredWith"),
)
TYPES = (ZONE_TYPE, RECORD_TYPE)
