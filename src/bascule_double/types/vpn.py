# SPDX-License-Identifier: Apache-2.0
"""A client VPN: Endpoint, NetworkAssociation, AuthorizationRule. Previews only: moto has nothing of the kind."""

from __future__ import annotations

from bascule_double import fits
from bascule_double.errors import DoubleError, Missing
from bascule_double.rules import TAGS, Type, block, flag, many, needed, text, whole
from bascule_double.session import Session
from bascule_double.values import Properties

ENDPOINT = "upstream ec2/vpnclient_endpoint.go"
ASSOCIATION = "upstream ec2/vpnclient_network_association.go"
RULE = "upstream ec2/vpnclient_authorization_rule.go"
AUTHENTICATION = ("certificate-authentication", "directory-service-authentication", "federated-authentication")


def create(session: Session, new: Properties) -> str:
    raise DoubleError(
        "The double only previews client VPNs: there is none in moto, so it makes none and pretends nothing."
    )


def read(session: Session, id_: str, state: Properties) -> Properties:
    raise Missing("There is no client VPN in moto.")


def delete(session: Session, id_: str, state: Properties) -> None:
    raise Missing("There is no client VPN in moto.")


def update(session: Session, id_: str, old: Properties, new: Properties) -> None:
    raise DoubleError("There is no client VPN in moto.")


def rule_together(inputs: Properties) -> list[tuple[str, str]]:
    if len([key for key in ("accessGroupId", "authorizeAllGroups") if inputs.get(key) is not None]) != 1:
        return [("accessGroupId", "one of 'accessGroupId' and 'authorizeAllGroups' must be set")]
    return []


TYPES = (
    Type(
        "aws:ec2clientvpn/endpoint:Endpoint",
        {
            "authenticationOptions": needed(
                many(
                    block(
                        {
                            "rootCertificateChainArn": text(
                                f"{ENDPOINT}: root_certificate_chain_arn: ValidateFunc", fits=fits.arn
                            ),
                            "type": needed(
                                text(
                                    "Specify `certificate-authentication` to use certificate-based authentication",
                                    choices=AUTHENTICATION,
                                )
                            ),
                        }
                    ),
                    f"{ENDPOINT}: authentication_options: ForceNew",
                    replaces=True,
                )
            ),
            "clientCidrBlock": text(
                "The CIDR block should be /22 or greater",
                "The address range cannot be changed after the Client VPN endpoint has been created",
                fits=fits.sized_network(12, 22),
                replaces=True,
            ),
            "connectionLogOptions": needed(
                block({"enabled": needed(flag()), "cloudwatchLogGroup": text(), "cloudwatchLogStream": text()})
            ),
            "description": text(),
            "securityGroupIds": many(text(), unordered=True, chosen=True),
            "serverCertificateArn": needed(text(f"{ENDPOINT}: server_certificate_arn: ValidateFunc", fits=fits.arn)),
            "sessionTimeoutHours": whole(chosen=True),
            "splitTunnel": flag(default=False),
            "tags": TAGS,
            "transportProtocol": text(
                f"{ENDPOINT}: transport_protocol: ForceNew", choices=("tcp", "udp"), default="udp", replaces=True
            ),
            "vpcId": text(chosen=True),
            "vpnPort": whole(default=443),
        },
        ("arn", "dnsName", "vpcId", "securityGroupIds"),
        create,
        read,
        delete,
        update,
    ),
    Type(
        "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
        {
            "clientVpnEndpointId": needed(text(f"{ASSOCIATION}: client_vpn_endpoint_id: ForceNew", replaces=True)),
            "subnetId": needed(text(f"{ASSOCIATION}: subnet_id: ForceNew", replaces=True)),
        },
        ("associationId", "vpcId"),
        create,
        read,
        delete,
    ),
    Type(
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        {
            "accessGroupId": text(f"{RULE}: access_group_id: ForceNew", replaces=True),
            "authorizeAllGroups": flag(f"{RULE}: authorize_all_groups: ForceNew", replaces=True),
            "clientVpnEndpointId": needed(text(f"{RULE}: client_vpn_endpoint_id: ForceNew", replaces=True)),
            "description": text(f"{RULE}: description: ForceNew", replaces=True),
            "targetNetworkCidr": needed(
                text(f"{RULE}: target_network_cidr: ForceNew", fits=fits.network, replaces=True)
            ),
        },
        (),
        create,
        read,
        delete,
        together=rule_together,
        says=("One of `access_group_id` or `authorize_all_groups` must be set",),
    ),
)
