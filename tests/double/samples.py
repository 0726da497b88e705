# SPDX-License-Identifier: Apache-2.0
"""One sample of each type: inputs, changes that are made in place, changes that make a new one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

TAGS = {"bascule:policy": "atelier", "bascule:plan": "0123456789ab"}
OTHER_TAGS = {"bascule:policy": "atelier", "bascule:phase": "activate"}
RETAG = {"tags": OTHER_TAGS}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKsFyxWjXyIr4Cj+O8Txpr0tRVT5bcSV3oIWS5yPjpfp operator"


@dataclass(frozen=True)
class Ref:
    """A property of another sample: its id, or an output."""

    token: str
    key: str = "id"


@dataclass(frozen=True)
class Sample:
    inputs: dict[str, Any]
    in_place: dict[str, Any] = field(default_factory=dict)
    replacing: dict[str, Any] = field(default_factory=dict)


def document(action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assumed_by(service: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
GATEWAY, TABLE = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/routeTable:RouteTable"
GROUP, INSTANCE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/instance:Instance"
KEY, BUCKET, ROLE, USER = "aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:iam/role:Role", "aws:iam/user:User"
TOPIC, ZONE, ALARM = "aws:sns/topic:Topic", "aws:route53/zone:Zone", "aws:cloudwatch/metricAlarm:MetricAlarm"
VOLUME, EIP, PROFILE = "aws:ebs/volume:Volume", "aws:ec2/eip:Eip", "aws:iam/instanceProfile:InstanceProfile"
BALANCER, TARGETS = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"
ON_BUCKET = {"bucket": Ref(BUCKET)}
OTHER_BUCKET = {"bucket": "another-bucket"}

NETWORK = {
    VPC: Sample(
        {"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": True, "tags": TAGS},
        {**RETAG, "enableDnsHostnames": False},
        {"cidrBlock": "10.30.0.0/16", "instanceTenancy": "dedicated"},
    ),
    SUBNET: Sample(
        {"vpcId": Ref(VPC), "cidrBlock": "10.20.0.0/20", "availabilityZone": "eu-west-3a", "tags": TAGS},
        {**RETAG, "mapPublicIpOnLaunch": True},
        {"vpcId": "vpc-1", "cidrBlock": "10.20.64.0/20", "availabilityZone": "eu-west-3b"},
    ),
    GATEWAY: Sample({"vpcId": Ref(VPC), "tags": TAGS}, RETAG),
    TABLE: Sample({"vpcId": Ref(VPC), "tags": TAGS}, RETAG, {"vpcId": "vpc-1"}),
    "aws:ec2/route:Route": Sample(
        {"routeTableId": Ref(TABLE), "destinationCidrBlock": "0.0.0.0/0", "gatewayId": Ref(GATEWAY)},
        {},
        {"routeTableId": "rtb-1", "destinationCidrBlock": "10.99.0.0/16"},
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Sample(
        {"routeTableId": Ref(TABLE), "subnetId": Ref(SUBNET)}, {}, {"subnetId": "subnet-1"}
    ),
    GROUP: Sample(
        {"vpcId": Ref(VPC), "description": "machines", "tags": TAGS},
        {**RETAG, "revokeRulesOnDelete": True},
        {"vpcId": "vpc-1", "description": "others", "name": "another"},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Sample(
        {
            "securityGroupId": Ref(GROUP),
            "ipProtocol": "udp",
            "fromPort": 51820,
            "toPort": 51820,
            "cidrIpv4": "0.0.0.0/0",
        },
        {"fromPort": 51821, "toPort": 51821, "cidrIpv4": "203.0.113.7/32", "description": "the link"},
        {"securityGroupId": "sg-1"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Sample(
        {"securityGroupId": Ref(GROUP), "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "tags": TAGS}, RETAG
    ),
}
MACHINES = {
    "aws:ec2/keyPair:KeyPair": Sample({"publicKey": PUBLIC_KEY, "tags": TAGS}, RETAG, {"keyName": "another"}),
    INSTANCE: Sample(
        {
            "ami": "ami-debian",
            "instanceType": "t3.small",
            "subnetId": Ref(SUBNET),
            "privateIp": "10.20.0.11",
            "vpcSecurityGroupIds": [Ref(GROUP)],
            "sourceDestCheck": False,
            "iamInstanceProfile": Ref(PROFILE),
            "userData": "#cloud-config\n{}\n",
            "metadataOptions": {"httpTokens": "required", "httpEndpoint": "enabled", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {
                "encrypted": True,
                "kmsKeyId": Ref(KEY, "arn"),
                "volumeType": "gp3",
                "volumeSize": 40,
                "deleteOnTermination": True,
                "tags": TAGS,
            },
            "tags": {**TAGS, "bascule:machine": "db2"},
        },
        {**RETAG, "instanceType": "t3.medium", "userData": "#cloud-config\n{hostname: a}\n", "sourceDestCheck": True},
        {"ami": "ami-1", "subnetId": "subnet-1", "privateIp": "10.20.0.12", "associatePublicIpAddress": True},
    ),
    VOLUME: Sample(
        {
            "availabilityZone": "eu-west-3a",
            "size": 40,
            "type": "gp3",
            "encrypted": True,
            "kmsKeyId": Ref(KEY, "arn"),
            "tags": TAGS,
        },
        {**RETAG, "size": 80},
        {"availabilityZone": "eu-west-3b", "encrypted": False, "kmsKeyId": "arn:aws:kms:eu-west-3:123456789012:key/1"},
    ),
    "aws:ec2/volumeAttachment:VolumeAttachment": Sample(
        {"deviceName": "/dev/sdf", "volumeId": Ref(VOLUME), "instanceId": Ref(INSTANCE)},
        {"stopInstanceBeforeDetaching": True},
        {"deviceName": "/dev/sdg", "volumeId": "vol-1", "instanceId": "i-1"},
    ),
    EIP: Sample({"domain": "vpc", "tags": TAGS}, RETAG),
    "aws:ec2/eipAssociation:EipAssociation": Sample(
        {"allocationId": Ref(EIP), "instanceId": Ref(INSTANCE)}, {}, {"allocationId": "eipalloc-1", "instanceId": "i-1"}
    ),
}
DATA = {
    KEY: Sample(
        {"description": "data", "deletionWindowInDays": 7, "enableKeyRotation": True, "tags": TAGS},
        {**RETAG, "description": "all data", "enableKeyRotation": False, "deletionWindowInDays": 30},
        {"multiRegion": True},
    ),
    "aws:kms/alias:Alias": Sample(
        {"name": "alias/bascule-atelier", "targetKeyId": Ref(KEY, "keyId")}, {}, {"name": "alias/b"}
    ),
    BUCKET: Sample(
        {"objectLockEnabled": True, "tags": TAGS}, {**RETAG, "forceDestroy": True}, {"bucket": "another-bucket"}
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Sample(
        {**ON_BUCKET, "versioningConfiguration": {"status": "Enabled"}}, {}, OTHER_BUCKET
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Sample(
        {**ON_BUCKET, "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}},
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 60}}},
        OTHER_BUCKET,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Sample(
        {
            **ON_BUCKET,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": Ref(KEY, "arn"),
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        OTHER_BUCKET,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Sample(
        {**ON_BUCKET, **dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"), True)},
        {"restrictPublicBuckets": True},
        OTHER_BUCKET,
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Sample(
        {**ON_BUCKET, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        OTHER_BUCKET,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Sample(
        {
            **ON_BUCKET,
            "rules": [
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"prefix": "copies/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "expiration": {"expiredObjectDeleteMarker": True},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                }
            ],
        },
        {"rules": [{"id": "old", "status": "Disabled", "filter": {"prefix": ""}, "expiration": {"days": 7}}]},
        OTHER_BUCKET,
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Sample(
        {**ON_BUCKET, "policy": document("s3:GetObject", Principal={"AWS": "123456789012"})},
        {"policy": document("s3:PutObject", Principal={"AWS": "123456789012"})},
        OTHER_BUCKET,
    ),
}
IDENTITIES = {
    ROLE: Sample(
        {"assumeRolePolicy": assumed_by("ec2.amazonaws.com"), "description": "machines", "tags": TAGS},
        {**RETAG, "description": "all machines", "assumeRolePolicy": assumed_by("ssm.amazonaws.com")},
        {"name": "another", "path": "/firm/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Sample(
        {"role": Ref(ROLE), "policy": document("s3:GetObject")},
        {"policy": document("s3:PutObject")},
        {"role": "another"},
    ),
    PROFILE: Sample({"role": Ref(ROLE), "tags": TAGS}, RETAG, {"name": "another"}),
    USER: Sample({"forceDestroy": True, "tags": TAGS}, {**RETAG, "path": "/firm/"}, {"name": "another"}),
    "aws:iam/userPolicy:UserPolicy": Sample(
        {"user": Ref(USER), "policy": document("s3:PutObject")},
        {"policy": document("s3:GetObject")},
        {"user": "another"},
    ),
    "aws:iam/accessKey:AccessKey": Sample({"user": Ref(USER)}, {"status": "Inactive"}, {"user": "another"}),
}
WATCH = {
    TOPIC: Sample({"tags": TAGS}, {**RETAG, "displayName": "Standby"}, {"name": "another"}),
    "aws:sns/topicPolicy:TopicPolicy": Sample(
        {"arn": Ref(TOPIC), "policy": document("SNS:Publish", Principal={"Service": "budgets.amazonaws.com"})},
        {"policy": document("SNS:Publish", Principal={"Service": "cloudwatch.amazonaws.com"})},
        {"arn": "arn:aws:sns:eu-west-3:123456789012:another"},
    ),
    ALARM: Sample(
        {
            "namespace": "Bascule",
            "metricName": "CopyAge",
            "dimensions": {"system": "orders"},
            "statistic": "Maximum",
            "period": 300,
            "evaluationPeriods": 3,
            "threshold": 3600,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "breaching",
            "alarmActions": [Ref(TOPIC)],
            "tags": TAGS,
        },
        {**RETAG, "threshold": 7200, "period": 60, "treatMissingData": "ignore"},
        {"name": "another"},
    ),
    "aws:route53/healthCheck:HealthCheck": Sample(
        {
            "type": "HTTPS",
            "fqdn": "erp.example.org",
            "port": 443,
            "requestInterval": 30,
            "failureThreshold": 3,
            "tags": TAGS,
        },
        {**RETAG, "failureThreshold": 5, "resourcePath": "/health"},
        {"type": "HTTP", "requestInterval": 10},
    ),
    ZONE: Sample(
        {"name": "atelier.test", "comment": "standby", "tags": TAGS}, {**RETAG, "comment": "c"}, {"name": "a.test"}
    ),
    "aws:route53/record:Record": Sample(
        {"zoneId": Ref(ZONE), "name": "erp", "type": "A", "ttl": 60, "records": ["10.20.0.12"]},
        {"ttl": 30, "records": ["10.20.0.13", "10.20.0.14"]},
        {"name": "www", "zoneId": "Z1"},
    ),
    "aws:budgets/budget:Budget": Sample(
        {
            "budgetType": "COST",
            "limitAmount": "120",
            "limitUnit": "EUR",
            "timeUnit": "MONTHLY",
            "notifications": [
                {
                    "comparisonOperator": "GREATER_THAN",
                    "notificationType": "FORECASTED",
                    "threshold": 80,
                    "thresholdType": "PERCENTAGE",
                    "subscriberSnsTopicArns": [Ref(TOPIC)],
                }
            ],
            "tags": TAGS,
        },
        {"limitAmount": "150", **RETAG},
        {"name": "another", "accountId": "123456789013"},
    ),
}
USERS = {
    "second subnet": Sample({"vpcId": Ref(VPC), "cidrBlock": "10.20.16.0/20", "availabilityZone": "eu-west-3b"}),
    BALANCER: Sample(
        {
            "name": "atelier",
            "securityGroups": [Ref(GROUP)],
            "subnets": [Ref(SUBNET), Ref("second subnet")],
            "tags": TAGS,
        },
        {**RETAG, "dropInvalidHeaderFields": True},
        {"name": "another", "internal": True, "loadBalancerType": "network"},
    ),
    TARGETS: Sample(
        {"port": 80, "protocol": "HTTP", "vpcId": Ref(VPC), "healthCheck": {"path": "/", "interval": 10}, "tags": TAGS},
        {**RETAG, "healthCheck": {"path": "/health", "interval": 30}},
        {"port": 8080, "protocol": "HTTPS", "vpcId": "vpc-1", "targetType": "ip", "name": "another"},
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Sample(
        {"targetGroupArn": Ref(TARGETS), "targetId": Ref(INSTANCE), "port": 80}, {}, {"targetId": "i-1", "port": 8080}
    ),
    "aws:lb/listener:Listener": Sample(
        {
            "loadBalancerArn": Ref(BALANCER),
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [
                {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}
            ],
            "tags": TAGS,
        },
        {**RETAG, "defaultActions": [{"type": "forward", "targetGroupArn": Ref(TARGETS)}]},
        {"loadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/app/a/1"},
    ),
}
SAMPLES: dict[str, Sample] = {**NETWORK, **MACHINES, **DATA, **IDENTITIES, **WATCH, **USERS}
# Samples that are not named by their token.
TOKENS = {"second subnet": SUBNET}
