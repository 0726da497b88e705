# SPDX-License-Identifier: Apache-2.0
"""Which way packets go: RouteTable, Route, RouteTableAssociation."""

from __future__ import annotations

import zlib
from typing import Any

from bascule_double import fits
from bascule_double.errors import Missing
from bascule_double.rules import TAGS, Type, needed, text
from bascule_double.session import Session
from bascule_double.types.ec2 import arn, one, retag, tag_words, tags_of
from bascule_double.values import Properties, without_none

# Input of a route → the word of the request and of the description.
TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def table_create(session: Session, new: Properties) -> str:
    answer = session.client("ec2").create_route_table(VpcId=new["vpcId"], **tag_words(session, "route-table", new))
    return str(answer["RouteTable"]["RouteTableId"])


def table_read(session: Session, id_: str, state: Properties) -> Properties:
    found = one(session, "route-table", id_)
    about = {"arn": arn(session, "route-table", id_), "vpcId": found["VpcId"], "ownerId": session.account}
    return {**about, **tags_of(found)}


def table_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").delete_route_table(RouteTableId=id_)


def route_words(new: Properties) -> dict[str, Any]:
    """Table, destination and target of a route, as requests want them."""
    targets = {word: new.get(key) for key, word in TARGETS.items()}
    return without_none(RouteTableId=new["routeTableId"], DestinationCidrBlock=new["destinationCidrBlock"], **targets)


def route_create(session: Session, new: Properties) -> str:
    session.client("ec2").create_route(**route_words(new))
    return f"r-{new['routeTableId']}{zlib.crc32(new['destinationCidrBlock'].encode())}"


def route_read(session: Session, id_: str, state: Properties) -> Properties:
    table, destination = state.get("routeTableId", ""), state.get("destinationCidrBlock")
    for route in one(session, "route-table", table)["Routes"]:
        if route.get("DestinationCidrBlock") == destination:
            targets = {key: route[word] for key, word in TARGETS.items() if route.get(word)}
            about = {"routeTableId": table, "destinationCidrBlock": destination, "state": route.get("State", "active")}
            return {**about, "origin": route.get("Origin", "CreateRoute"), **targets}
    raise Missing(f"The route to {destination} is not in {table}.")


def route_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    session.client("ec2").replace_route(**route_words(new))


def route_delete(session: Session, id_: str, state: Properties) -> None:
    words = {"RouteTableId": state["routeTableId"], "DestinationCidrBlock": state["destinationCidrBlock"]}
    session.client("ec2").delete_route(**words)


def route_together(inputs: Properties) -> list[tuple[str, str]]:
    given = [key for key in TARGETS if inputs.get(key) is not None]
    if len(given) == 1:
        return []
    return [("gatewayId", f"ec2.Route takes exactly one target of {', '.join(TARGETS)}; {len(given)} are given")]


def association_create(session: Session, new: Properties) -> str:
    words = without_none(RouteTableId=new["routeTableId"], SubnetId=new.get("subnetId"), GatewayId=new.get("gatewayId"))
    return str(session.client("ec2").associate_route_table(**words)["AssociationId"])


def association_read(session: Session, id_: str, state: Properties) -> Properties:
    wanted = [{"Name": "association.route-table-association-id", "Values": [id_]}]
    for table in session.client("ec2").describe_route_tables(Filters=wanted)["RouteTables"]:
        for entry in table["Associations"]:
            if entry["RouteTableAssociationId"] == id_:
                return {"routeTableId": table["RouteTableId"], "subnetId": entry.get("SubnetId", "")}
    raise Missing(f"The association {id_} is not there.")


def association_update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    session.client("ec2").replace_route_table_association(AssociationId=id_, RouteTableId=new["routeTableId"])


def association_delete(session: Session, id_: str, state: Properties) -> None:
    session.client("ec2").disassociate_route_table(AssociationId=id_)


TYPES = (
    Type(
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": needed(text("upstream ec2/vpc_route_table.go: vpc_id: ForceNew", replaces=True)), "tags": TAGS},
        ("arn", "ownerId"),
        table_create,
        table_read,
        table_delete,
        retag,
    ),
    Type(
        "aws:ec2/route:Route",
        {
            "routeTableId": needed(text("upstream ec2/vpc_route.go: route_table_id: ForceNew", replaces=True)),
            "destinationCidrBlock": needed(
                text(
                    "The destination CIDR block",
                    "upstream ec2/vpc_route.go: destination_cidr_block: ForceNew",
                    fits=fits.network,
                    replaces=True,
                )
            ),
            **{key: text() for key in TARGETS},
        },
        ("origin", "state"),
        route_create,
        route_read,
        route_delete,
        route_update,
        together=route_together,
        says=("upstream ec2/vpc_route.go: gateway_id: ExactlyOneOf",),
    ),
    Type(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        {
            "routeTableId": needed(text()),
            "subnetId": needed(text("upstream ec2/vpc_route_table_association.go: subnet_id: ForceNew", replaces=True)),
        },
        (),
        association_create,
        association_read,
        association_delete,
        association_update,
    ),
)
