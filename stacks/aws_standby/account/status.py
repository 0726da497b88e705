# SPDX-License-Identifier: Apache-2.0
"""Whether an activation could be built now: who we are, the images, what the account still allows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from automation.ask import Ask
from automation.trouble import Trouble

from account.access import FAILS, client, identity, pages, simulated
from account.network import DEAD
from account.things import MACHINE, POLICY

Say = Callable[..., None]
# Running on-demand instances of the standard families, counted in virtual processors.
PROCESSORS = ("ec2", "L-1216C47A")
NOT_KNOWN = "not known"


def status(ask: Ask, say: Say) -> dict[str, Any]:
    """`{"account", "problems", "images", "processors", "engine", "plugin"}` for the machines in `facts`.

    `facts`: `region`, and `machines` as in the plan (`instance_type`, `image`). What cannot be asked is "not known".
    """
    region, machines = str(ask.facts["region"]), ask.facts["machines"]
    found: dict[str, Any] = {"engine": shutil.which("pulumi") is not None, "simulated": simulated()}
    problems = [] if found["engine"] else ["The program pulumi is not on PATH on this controller."]
    try:
        found["account"] = identity(region)["account"]
    except Trouble as trouble:
        return {**found, "account": None, "images": {}, "processors": {}, "problems": [*problems, str(trouble)]}
    found["images"] = _images(machines, region)
    problems += [
        f"The image of {name} ({machines[name]['image'].get('id') or machines[name]['image'].get('name')}) is not "
        f"there any more."
        for name, image in found["images"].items()
        if image is None
    ]
    found["processors"] = _processors(ask.policy, machines, region)
    counts = found["processors"]
    if counts["allowed"] is not None and counts["needed"] is not None and counts["free"] < counts["needed"]:
        problems.append(
            f"The account allows {counts['allowed']:g} virtual processors in {region} and {counts['free']:g} "
            f"are free; an activation needs {counts['needed']:g} more. Ask for a larger quota."
        )
    return {**found, "problems": problems}


def _images(machines: Mapping[str, Any], region: str) -> dict[str, str | None]:
    """For each machine the newest image that its name means, None when there is none, or "not known"."""
    known: dict[str, str | None] = {}
    asked: dict[str, str | None] = {}
    for name, machine in machines.items():
        image = machine["image"]
        key = str(image)
        if key not in asked:
            asked[key] = _image(image, region)
        known[name] = asked[key]
    return known


def _image(image: Mapping[str, Any], region: str) -> str | None:
    wanted: dict[str, Any] = (
        {"ImageIds": [image["id"]]}
        if image.get("id")
        else {"Owners": [image["owner"]], "Filters": [{"Name": "name", "Values": [image["name"]]}]}
    )
    try:
        found = client("ec2", region).describe_images(**wanted)["Images"]
    except FAILS as error:
        return None if "InvalidAMIID" in str(error) else NOT_KNOWN
    newest = max(found, key=lambda entry: str(entry.get("CreationDate") or ""), default=None)
    return None if newest is None else str(newest["ImageId"])


def _processors(policy: str, machines: Mapping[str, Any], region: str) -> dict[str, float | None]:
    """Virtual processors: `allowed` by the account, `free` of them, `needed` beside what runs of ours already."""
    found: dict[str, float | None] = {"allowed": None, "free": None, "needed": None}
    try:
        quota = client("service-quotas", region).get_service_quota(ServiceCode=PROCESSORS[0], QuotaCode=PROCESSORS[1])
        running = list(_running(policy, region))
        sizes = _sizes(
            {*(machine["instance_type"] for machine in machines.values()), *(kind for kind, _m in running)}, region
        )
    except FAILS:
        return found
    ours = {machine for _kind, machine in running if machine}
    found["allowed"] = float(quota["Quota"]["Value"])
    found["free"] = found["allowed"] - sum(sizes.get(kind, 0) for kind, _machine in running)
    found["needed"] = float(
        sum(sizes.get(machine["instance_type"], 0) for name, machine in machines.items() if name not in ours)
    )
    return found


def _running(policy: str, region: str) -> Iterable[tuple[str, str]]:
    """Type and machine of the plan (empty for others) of each instance that counts."""
    for reservation in pages("ec2", region, "describe_instances", "Reservations"):
        for entry in reservation["Instances"]:
            if entry["State"]["Name"] not in (*DEAD, "stopped"):
                tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags") or ()}
                yield entry["InstanceType"], tags.get(MACHINE, "") if tags.get(POLICY) == policy else ""


def _sizes(kinds: set[str], region: str) -> dict[str, int]:
    if not kinds:
        return {}
    listed = pages("ec2", region, "describe_instance_types", "InstanceTypes", InstanceTypes=sorted(kinds))
    return {entry["InstanceType"]: int(entry["VCpuInfo"]["DefaultVCpus"]) for entry in listed}
