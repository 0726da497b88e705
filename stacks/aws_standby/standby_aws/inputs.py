# SPDX-License-Identifier: Apache-2.0
"""What the program is given: the plan, and what this stack is asked for. Checked once, here."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standby_aws.naming import short

Json = Mapping[str, Any]

PHASES = ("protect", "activate")
SCHEMA = "bascule/plan/v1"
_DRILL = re.compile(r"[a-z][a-z0-9-]{0,19}")
_KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/]+=*( [^\n]*)?")
# Longest name of ours below is 17 characters, AWS adds 8 for uniqueness, and a role may have 64.
_LONGEST_PREFIX = 36


@dataclass(frozen=True)
class Request:
    """What this stack is asked for.

    ``phase``: `protect` (before a disaster) or `activate`. ``drill``: name of a drill, which is a stack of its own,
    gone at ``expires``. ``public_key``: whose owner may log in. ``copies``: the bucket that a drill reads from.
    """

    phase: str
    drill: str | None
    expires: str | None
    public_key: str
    copies: str | None


@dataclass(frozen=True)
class Situation:
    """The plan's site that is built here, with what was asked for. ``cloud`` is that of the plan, unchanged."""

    request: Request
    policy: str
    digest: str
    cloud: Json
    systems: Json
    names: Mapping[str, Json]

    @property
    def prefix(self) -> str:
        """What all names begin with: the policy's, and the drill's."""
        drill = f"-{self.request.drill}" if self.request.drill else ""
        return short(f"bascule-{self.policy}{drill}", _LONGEST_PREFIX)

    @property
    def running(self) -> Mapping[str, Json]:
        """The machines that are there in this phase."""
        return {name: one for name, one in self.cloud["machines"].items() if self.request.phase in one["runs_in"]}

    @property
    def door(self) -> str | None:
        """The machine with the public address, when it is there."""
        link = self.cloud["link"]
        return link["through"] if link and link["through"] in self.running else None

    @property
    def linked(self) -> bool:
        """Whether other sites are reached: never from a drill."""
        return self.door is not None and self.request.drill is None

    @property
    def beyond(self) -> tuple[str, ...]:
        """The networks at the other end of the link, that of its tunnels first."""
        if not self.linked:
            return ()
        link = self.cloud["link"]
        carried = (network for peer in link["peers"].values() for network in peer["carries"])
        return tuple(dict.fromkeys((link["tunnel"], *carried)))


def request(
    *, phase: str | None, drill: str | None, expires: str | None, public_key: str | None, copies: str | None
) -> Request:
    """Given the values of the stack's configuration, return what is asked for. Raise ValueError, in a sentence."""
    if phase not in PHASES:
        raise ValueError(f"bascule:phase is {phase!r}; it must be one of {', '.join(PHASES)}")
    if drill is not None and not _DRILL.fullmatch(drill):
        raise ValueError(f"bascule:drill is {drill!r}; it must be at most 20 of a-z, 0-9 and -, with a letter in front")
    if bool(drill) != bool(expires):
        raise ValueError("a drill, and only a drill, has a date at which it must be gone: bascule:expires")
    if expires is not None and not _is_date(expires):
        raise ValueError(f"bascule:expires is {expires!r}; it must be a date such as 2027-01-31")
    if public_key is None or not _KEY.fullmatch(public_key.strip()):
        raise ValueError("bascule:publicKey must be a public key of OpenSSH, one line that begins with its kind")
    if copies is not None and drill is None:
        raise ValueError("bascule:copies is for drills, which read another stack's bucket; this stack has its own")
    return Request(phase, drill, expires, public_key.strip(), copies)


def situation(plan: Json, asked: Request) -> Situation:
    """Given the content of `plan.json`, return the site to be built. Raise ValueError when there is none."""
    if plan.get("schema") != SCHEMA:
        raise ValueError(f"this plan has the schema {plan.get('schema')!r}; this program reads {SCHEMA!r}")
    clouds = [site["cloud"] for site in plan["sites"].values() if site["provider"] == "aws" and site.get("cloud")]
    if len(clouds) != 1:
        raise ValueError(f"the plan has {len(clouds)} sites to be built in AWS; this program builds one")
    names = {name["fqdn"]: name for group in plan["groups"].values() for name in group["names"]}
    digest = plan["policy"]["digest"]
    return Situation(asked, plan["policy"]["id"], digest, clouds[0], plan["systems"], names)


def _is_date(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True
