# SPDX-License-Identifier: Apache-2.0
"""Questions that programs ask the provider: images, zones, who am I."""

from __future__ import annotations

from collections.abc import Callable

from bascule_double.errors import DoubleError
from bascule_double.provider import spoken
from bascule_double.rules import Failure
from bascule_double.session import Session, named_tags
from bascule_double.values import Properties

Answer = tuple[Properties, list[Failure]]


def invoke(session: Session, token: str, args: Properties) -> Answer:
    """Answer one question: properties, or what is wrong with it. Raises DoubleError for one that is not known."""
    known = INVOKES.get(token)
    if not known:
        raise DoubleError(f"The double cannot answer {token}; the real provider may. It is refused, not guessed.")
    work, keys = known
    if unknown := sorted(set(args) - keys - {"region"}):
        return {}, [(key, f"{token} takes no {key!r} that this double knows") for key in unknown]
    here = session.of(token, args)
    return spoken(f"asking {token}", lambda: work(here, args))


def image(session: Session, args: Properties) -> Answer:
    """The one image that fits; the newest with `mostRecent`, which the provider asks for when there are several."""
    filters = [{"Name": entry["name"], "Values": entry["values"]} for entry in args.get("filters", [])]
    found = session.client("ec2").describe_images(Owners=args.get("owners") or ["self"], Filters=filters)["Images"]
    found.sort(key=lambda entry: str(entry.get("CreationDate", "")), reverse=True)
    if not found:
        return {}, [("", "Your query returned no results. Please change your search criteria and try again.")]
    if len(found) > 1 and not args.get("mostRecent"):
        return {}, [("", "Your query returned more than one result. Use mostRecent, or a narrower filter.")]
    one = found[0]
    about = {
        "id": one["ImageId"],
        "imageId": one["ImageId"],
        "name": one["Name"],
        "architecture": one.get("Architecture", ""),
        "creationDate": one.get("CreationDate", ""),
        "description": one.get("Description", ""),
        "ownerId": one.get("OwnerId", ""),
        "rootDeviceName": one.get("RootDeviceName", ""),
        "state": one.get("State", ""),
        "arn": f"arn:aws:ec2:{session.region}::image/{one['ImageId']}",
        "tags": named_tags(one.get("Tags")),
        "region": session.region,
    }
    return {**args, **about}, []


def zones(session: Session, args: Properties) -> Answer:
    """The zones of the region that can be used."""
    filters = [{"Name": "state", "Values": [args["state"]]}] if args.get("state") else []
    found = session.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = sorted(entry["ZoneName"] for entry in found)
    return {
        "id": session.region,
        "names": names,
        "zoneIds": [str(entry["ZoneId"]) for entry in sorted(found, key=lambda entry: str(entry["ZoneName"]))],
        "region": session.region,
        **args,
    }, []


def caller(session: Session, args: Properties) -> Answer:
    """Whose credentials these are."""
    found = session.client("sts").get_caller_identity()
    return {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"], "id": found["Account"]}, []


def region(session: Session, args: Properties) -> Answer:
    """The region that the provider works in."""
    name = session.region
    return {"id": name, "region": name, "name": name, "endpoint": f"ec2.{name}.amazonaws.com", "description": name}, []


# Token → what answers it, and the keys that it takes.
INVOKES: dict[str, tuple[Callable[[Session, Properties], Answer], frozenset[str]]] = {
    "aws:ec2/getAmi:getAmi": (image, frozenset({"owners", "filters", "mostRecent"})),
    "aws:index/getAvailabilityZones:getAvailabilityZones": (zones, frozenset({"state"})),
    "aws:index/getCallerIdentity:getCallerIdentity": (caller, frozenset()),
    "aws:index/getRegion:getRegion": (region, frozenset()),
}
