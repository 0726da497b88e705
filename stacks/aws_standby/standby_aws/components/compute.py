# SPDX-License-Identifier: Apache-2.0
"""The machines, their role, and the volumes attached to them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from standby_aws.components.data import Data
from standby_aws.components.network import Network
from standby_aws.components.part import Part, document
from standby_aws.decisions import compute, copies

_DEVICE = "/dev/sdf"
_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
    ],
}


class Compute(Part):
    """The machines of this phase."""

    def __init__(
        self,
        decided: compute.Compute,
        network: Network,
        data: Data,
        bucket: pulumi.Input[str] | None,
        provider: pulumi.ProviderResource,
    ) -> None:
        super().__init__(decided.role.name, provider)
        self._images: dict[compute.Image, pulumi.Output[str]] = {}
        self.role = aws.iam.Role(
            decided.role.name,
            assume_role_policy=json.dumps(_ASSUME),
            description="What the machines of the standby site may do",
            tags=decided.role.tags,
            opts=self.inside(),
        )
        self._may(decided, bucket, data.key)
        profile = aws.iam.InstanceProfile(
            decided.role.name, role=self.role.name, tags=decided.role.tags, opts=self.inside()
        )
        self.machines = {name: self._machine(one, network, data.key, profile) for name, one in decided.machines.items()}
        self._attach(data.volumes)
        self.register_outputs({})

    def _may(self, decided: compute.Compute, bucket: pulumi.Input[str] | None, key: pulumi.Input[str] | None) -> None:
        name = decided.role.name
        if decided.may:
            aws.iam.RolePolicy(
                f"{name}-always",
                role=self.role.name,
                policy=json.dumps(decided.may, sort_keys=True),
                opts=self.inside(),
            )
        if bucket is not None and key is not None:
            aws.iam.RolePolicy(
                f"{name}-copies",
                role=self.role.name,
                policy=document(copies.machines_may_use, bucket, key),
                opts=self.inside(),
            )

    def _image(self, image: compute.Image) -> pulumi.Input[str]:
        if image.id:
            return image.id
        if image not in self._images:
            found = aws.ec2.get_ami_output(
                owners=[str(image.owner)],
                filters=[
                    {"name": "name", "values": [str(image.name)]},
                    {"name": "architecture", "values": ["x86_64"]},
                    {"name": "state", "values": ["available"]},
                ],
                most_recent=True,
                opts=pulumi.InvokeOutputOptions(parent=self),
            )
            self._images[image] = found.id
        return self._images[image]

    def _machine(
        self,
        decided: compute.Machine,
        network: Network,
        key: pulumi.Input[str] | None,
        profile: aws.iam.InstanceProfile,
    ) -> aws.ec2.Instance:
        return aws.ec2.Instance(
            decided.mark.name,
            ami=self._image(decided.image),
            instance_type=decided.instance_type,
            subnet_id=network.subnets[decided.subnet].id,
            private_ip=decided.address,
            vpc_security_group_ids=[network.groups[name].id for name in decided.groups],
            # The machine with the public address forwards what is not for itself; the others have a way out.
            source_dest_check=not decided.door,
            associate_public_ip_address=not decided.door,
            iam_instance_profile=profile.name,
            user_data=decided.user_data,
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={
                "encrypted": True,
                "kms_key_id": key,
                "volume_type": "gp3",
                "volume_size": decided.root_gib,
                "delete_on_termination": True,
                "tags": decided.mark.tags,
            },
            tags=decided.mark.tags,
            # Its address is fixed, so the old one goes first. New images and user data are for new machines.
            opts=self.inside(delete_before_replace=True, ignore_changes=["ami", "user_data"]),
        )

    def _attach(self, volumes: Mapping[str, aws.ebs.Volume]) -> None:
        for name, volume in volumes.items():
            machine = self.machines[name]
            aws.ec2.VolumeAttachment(
                f"{machine._name}-data",
                device_name=_DEVICE,
                volume_id=volume.id,
                instance_id=machine.id,
                # A volume that is in use is not torn away.
                stop_instance_before_detaching=True,
                opts=self.inside(delete_before_replace=True),
            )
