# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in Route 53: what they are now, one change of all that differ, and who says so afterwards."""

from __future__ import annotations

import ipaddress
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional, Sequence

from ansible_collections.bascule.continuity.plugins.plugin_utils import _aws
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import dns_update

SERVICE = "route53"
# Route 53 says that a change is everywhere within a minute as a rule.
SYNC_S, EVERY_S = 180.0, 2.0
# Name servers are asked beside: all at once, and no longer than this.
SERVER_S, SERVERS_S = 3.0, 8.0
TRIES = 3
# Kinds of records by which a name leads somewhere.
LEADING = ("A", "AAAA", "CNAME")
OURS = frozenset({"Name", "Type", "TTL", "ResourceRecords"})
DRIVERS = frozenset({"activate", "failback", "status"})


@dataclass(frozen=True)
class Zone:
    """A hosted zone: its id, its name without the last dot, and the servers that answer for it to everybody."""

    id: str
    name: str
    servers: tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """What was done: the zone, names that were changed, the change's id, and what each name server says now."""

    zone: Zone
    switched: tuple[str, ...]
    change: Optional[str] = None
    servers: Mapping[str, str] = field(default_factory=dict)


def missing(switch: Any, driver: str) -> list[str]:
    """Sentences on what this computer lacks for a switch of this kind, when the driver is one that may switch."""
    if (switch or {}).get("kind") != SERVICE or driver not in DRIVERS:
        return []
    sentence = _aws.missing()
    return [sentence.rstrip(".")] if sentence else []


def moved(switch: Mapping[str, Any], records: Mapping[str, str], outputs: Any = None) -> Moved:
    """Make each name of `records` lead to exactly its address in the switch's zone, all at once, and see that it does.

    `outputs` is what the standby's stack said at its last build, or None. Raises AwsError with a sentence.
    """
    client, ttl_s = _aws.client(SERVICE), int(switch["ttl_s"])
    zone = found_zone(client, switch, outputs)
    wrong = differing(client, zone, records, ttl_s)
    change = None
    if wrong:
        change = _change(client, zone, {name: records[name] for name in wrong}, wrong, ttl_s)
        _settle(client, zone, change)
        still = differing(client, zone, records, ttl_s)
        if still:
            raise _aws.AwsError(f"Route 53 took the change and still says otherwise for {', '.join(still)}: something "
                                f"else changes the records of {zone.id} too.")
    return Moved(zone, tuple(wrong), change, _asked(zone, records))


def found_zone(client: Any, switch: Mapping[str, Any], outputs: Any) -> Zone:
    """The zone that the plan, the stack's outputs or, failing these, its name leads to."""
    built = (outputs or {}).get("zone") or {}
    name = _plain(str(switch["zone"]))
    # Outputs of an earlier policy may speak of another zone.
    number = switch.get("zone_id") or (built.get("id") if _plain(str(built.get("name", ""))) == name else None)
    number = str(number or _by_name(client, name))
    try:
        answer = _aws.said(SERVICE, client.get_hosted_zone, Id=number)
    except _aws.AwsError as error:
        if error.code == "NoSuchHostedZone":
            raise _aws.AwsError(f"Route 53 has no zone {number} in this account. Is it the right account, and is "
                                f"zone_id right for {name}?", error.code) from None
        raise
    there = _plain(str(answer["HostedZone"]["Name"]))
    if there != name:
        raise _aws.AwsError(f"The zone {number} of Route 53 is {there} and not {name}. Mend zone_id in the policy.")
    servers = (answer.get("DelegationSet") or {}).get("NameServers") or ()
    return Zone(number, name, tuple(str(server).rstrip(".") for server in servers))


def _by_name(client: Any, name: str) -> str:
    answer = _aws.said(SERVICE, client.list_hosted_zones_by_name, DNSName=name)
    zones = [zone for zone in answer.get("HostedZones", ()) if _plain(str(zone["Name"])) == name]
    public = [zone for zone in zones if not (zone.get("Config") or {}).get("PrivateZone")]
    fitting = public or zones
    if len(fitting) == 1:
        return str(fitting[0]["Id"]).rpartition("/")[2]
    if not fitting:
        raise _aws.AwsError(f"Route 53 has no zone {name} in this account. Is it the right account?")
    ids = ", ".join(str(zone["Id"]).rpartition("/")[2] for zone in fitting)
    raise _aws.AwsError(f"Route 53 has several zones {name} in this account: {ids}. Say which, with zone_id in the "
                        "policy.")


def differing(client: Any, zone: Zone, records: Mapping[str, str], ttl_s: int) -> dict[str, list[Any]]:
    """Names that do not lead to exactly their address, each with the records that it has now."""
    found = {}
    for name, address in records.items():
        now = list(_records(client, zone, name))
        if [_told(record) for record in now] != [(_kind(address), [address], ttl_s)]:
            found[name] = now
    return found


def _records(client: Any, zone: Zone, name: str) -> Iterator[Any]:
    """The records by which a name leads somewhere; Route 53 lists a zone by name, then by type."""
    wanted = _plain(name)
    start = {"StartRecordName": wanted}
    while start:
        answer = _aws.said(SERVICE, client.list_resource_record_sets, HostedZoneId=zone.id, **start)
        for record in answer["ResourceRecordSets"]:
            if _plain(str(record["Name"])) != wanted:
                return
            if record["Type"] in LEADING:
                yield record
        names = ("StartRecordName", "NextRecordName"), ("StartRecordType", "NextRecordType")
        start = {ours: answer[theirs] for ours, theirs in names if answer.get("IsTruncated") and theirs in answer}


def _told(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a plain record says; one of another making (an alias, one of several by weight) equals none."""
    if set(record) - OURS:
        return ("other",)
    return str(record["Type"]), [str(entry["Value"]) for entry in record["ResourceRecords"]], int(record["TTL"])


def _change(client: Any, zone: Zone, records: Mapping[str, str], now: Mapping[str, list[Any]], ttl_s: int) -> str:
    """Ask for all changes at once, so that no group of names is left half way; returns the change's id."""
    changes = []
    for name, address in records.items():
        chosen = [record["SetIdentifier"] for record in now[name] if record.get("SetIdentifier")]
        if chosen:
            raise _aws.AwsError(f"{name} has records between which Route 53 chooses ({', '.join(chosen)}), and a "
                                "switch makes one plain record. Remove them, or let them do the switching.")
        kind = _kind(address)
        changes += [{"Action": "DELETE", "ResourceRecordSet": record} for record in now[name] if record["Type"] != kind]
        changes.append({"Action": "UPSERT", "ResourceRecordSet": {
            "Name": name, "Type": kind, "TTL": ttl_s, "ResourceRecords": [{"Value": address}]}})
    batch = {"Comment": "bascule: users are sent to the side that serves", "Changes": changes}
    answer = _aws.said(SERVICE, client.change_resource_record_sets, HostedZoneId=zone.id, ChangeBatch=batch)
    return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]


def _settle(client: Any, zone: Zone, change: str) -> None:
    """Wait until Route 53 has brought the change to all its servers, which takes a minute as a rule."""
    until = time.monotonic() + SYNC_S
    while _aws.said(SERVICE, client.get_change, Id=change)["ChangeInfo"]["Status"] != "INSYNC":
        if time.monotonic() > until:
            raise _aws.AwsError(f"Route 53 took the change {change} of {zone.name} and has not brought it to all its "
                                f"servers within {SYNC_S:g} s.")
        time.sleep(EVERY_S)


def _asked(zone: Zone, records: Mapping[str, str]) -> dict[str, str]:
    """What each server of the zone says itself: `same`, or `silent` where it cannot be asked from here.

    Raises AwsError when one goes on saying otherwise.
    """
    for attempt in range(TRIES):
        said = _answers(zone.servers, records)
        other = sorted(server for server, word in said.items() if word == "other")
        if not other:
            break
        if attempt + 1 == TRIES:
            raise _aws.AwsError(f"Route 53 says that the names are right, and {', '.join(other)} still says otherwise.")
        time.sleep(EVERY_S)
    return said


def _answers(servers: Sequence[str], records: Mapping[str, str]) -> dict[str, str]:
    heard: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    for server in servers:
        # Whoever looks up a server's address may hang for longer than a recovery can wait; hence daemons.
        threading.Thread(target=lambda server=server: heard.put((server, _word(server, records))), daemon=True).start()
    until, words = time.monotonic() + SERVERS_S, dict.fromkeys(servers, "silent")
    for _each in servers:
        try:
            server, word = heard.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        words[server] = word
    return words


def _word(server: str, records: Mapping[str, str]) -> str:
    try:
        return "other" if dns_update.differing((server, 53), records, SERVER_S) else "same"
    except (dns_update.DnsError, OSError, UnicodeError):
        return "silent"


def _kind(address: str) -> str:
    return "AAAA" if ipaddress.ip_address(address).version == 6 else "A"


def _plain(name: str) -> str:
    """A name as Route 53 keeps it, without the last dot."""
    return name.encode("idna").decode("ascii").rstrip(".").lower() if not name.isascii() else name.rstrip(".").lower()
