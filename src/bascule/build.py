# SPDX-License-Identifier: Apache-2.0
"""Build the frozen policy from a source whose shape is right; values become numbers here, nothing else is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bascule import build_cloud
from bascule import build_dependence as dependence
from bascule import policy as p
from bascule.inside import settled
from bascule.source import Source
from bascule.values import distance_km, duration_s, rate_bytes_per_day, share, size_bytes, speed_bytes_per_s

Json = Mapping[str, Any]
Built = TypeVar("Built")
Parsed = TypeVar("Parsed")

# Keys of a system that every type has; all others are the type's own settings.
_SYSTEM_KEYS = frozenset(
    {"name", "type", "runs_on", "needs", "needs_any", "consistent_with", "size", "change", "protect"}
)
# Keys that every machine has; all others are what it has for systems of a type.
_MACHINE_KEYS = frozenset(
    {"address", "via", "host_key", "size", "image", "disk", "readiness", "restores", "needs", "needs_any"}
    | {"user", "port", "key", "become"}
)
RUN_TIMEOUT_S = 10
HTTP_TIMEOUT_S = 3


def build(source: Source) -> p.Policy:
    """Given a source that the schema accepts, return its policy. What it raises on another source is not defined."""
    data: Json = source.data
    language = data["organisation"].get("language", "fr")
    make = _Maker(language, data["connection"])
    return p.Policy(
        organisation=make.organisation(data["organisation"]),
        activities=_each(data, "activities", make.activity),
        systems=settled(_each(data, "systems", make.system)),
        sites=_each(data, "sites", make.site),
        connection=make.connection({}),
        controllers=_each(data, "controllers", lambda key, j: p.Controller(key, j["at"], j.get("machine"))),
        observers=_each(data, "observers", lambda key, j: p.Observer(key, duration_s(j.get("every", "1s")))),
        copies=_each(data, "copies", _third),
        switch=_switch(data["switch"]),
        accounts=_each(
            data, "accounts", lambda key, j: p.Account(key, make.names(j), dependence.reaches(j["reaches"]))
        ),
        suppliers=_each(
            data, "suppliers", lambda key, j: p.Supplier(key, make.names(j), dependence.reaches(j["provides"]))
        ),
        risks=_each(data, "risks", make.risk),
        licences=_each(data, "licences", make.licence),
        drills=_drills(data.get("drills")),
        roles=_each(data, "roles", lambda key, j: p.Role(key, make.names(j), j.get("deputy"), tuple(j.get("may", ())))),
        secrets=_each(data, "secrets", dependence.secret),
        digest=source.digest,
        source=source,
        resources=_each(data, "resources", lambda key, j: dependence.resource(key, make.names(j), j)),
        response=dependence.response(data.get("response", {})),
        measured=_each(data.get("measured", {}), "systems", lambda _, j: {by: duration_s(j[by]) for by in j}),
    )


def _each(data: Json, key: str, make: Callable[[str, Json], Built]) -> dict[str, Built]:
    return {name: make(name, below) for name, below in data.get(key, {}).items()}


def _maybe(data: Json, key: str, parse: Callable[[str], Parsed]) -> Parsed | None:
    return parse(data[key]) if key in data else None


def _secret(data: Json) -> str:
    return str(data["secret"])


def _impact(data: Json) -> p.Impact:
    return p.Impact(duration_s(data["after"]), data.get("amount"), data.get("level"), dict(data.get("levels", {})))


def _degraded(data: Json | None) -> p.Degraded | None:
    if not data:
        return None
    return p.Degraded(data["procedure"], _maybe(data, "capacity", share), _maybe(data, "at_most", duration_s))


def _drills(data: Json | None) -> p.Drills | None:
    return p.Drills(duration_s(data["every"]), data["kind"]) if data else None


def _switch(data: Json) -> p.Switch:
    if "manual" in data:
        manual = data["manual"]
        return p.ManualSwitch(manual["say"], duration_s(manual["limit"]))
    if "route53" in data:
        return build_cloud.route53(data["route53"])
    dns = data["dns"]
    ttl_s = duration_s(dns["ttl"])
    return p.DnsSwitch(dns["server"], dns.get("port", 53), dns["zone"], _secret(dns["key"]), ttl_s, dict(dns["names"]))


def _third(key: str, data: Json) -> p.ThirdPlace:
    return p.ThirdPlace(key, _maybe(data, "every", duration_s), _maybe(data, "keep", duration_s))


def _check(data: Json) -> p.Check:
    timeout_s = _maybe(data, "timeout", duration_s)
    if "run" in data:
        secrets = tuple(data.get("secrets", ()))
        return p.RunCheck(data["run"], data.get("writes", "none"), secrets, timeout_s or RUN_TIMEOUT_S)
    http = data["http"]
    return p.HttpCheck(http["url"], http.get("expect", 200), http.get("contains"), timeout_s or HTTP_TIMEOUT_S)


def _protection(data: Json) -> p.Protection:
    return p.Protection(
        by=data["by"],
        every_s=_maybe(data, "every", duration_s),
        archive_s=_maybe(data, "archive", duration_s),
        full_every_s=_maybe(data, "full_every", duration_s),
        keep_s=_maybe(data, "keep", duration_s),
        key=_secret(data["key"]) if "key" in data else None,
    )


class _Maker:
    """Builds what depends on the policy's language or on its way to reach machines."""

    def __init__(self, language: str, connection: Json) -> None:
        self.language = language
        self.reached = connection

    def names(self, data: Json) -> p.Names | None:
        name = data.get("name")
        return {self.language: name} if isinstance(name, str) else dict(name) if name else None

    def organisation(self, data: Json) -> p.Organisation:
        return p.Organisation(
            id=data["id"],
            name=self.names(data) or {},
            currency=data.get("currency", "EUR"),
            timezone=data.get("timezone", "Europe/Paris"),
            language=self.language,
            dmia_means=data.get("dmia_means", "mtpd"),
            budget=data.get("budget"),
        )

    def connection(self, data: Json) -> p.Connection:
        merged = {**self.reached, **data}
        key = _secret(merged["key"])
        return p.Connection(merged["user"], merged.get("port", 22), key, merged.get("become", "sudo"))

    def activity(self, key: str, data: Json) -> p.Activity:
        need, target = data["need"], data["target"]
        return p.Activity(
            id=key,
            name=self.names(data) or {},
            owner=data.get("owner"),
            hours=data.get("hours"),
            need=p.Need(_maybe(need, "mtpd", duration_s), duration_s(need["pdma"]), _maybe(need, "mbco", share)),
            target=p.Target(duration_s(target["rto"]), duration_s(target["rpo"])),
            impact=tuple(map(_impact, data.get("impact", ()))),
            uses=tuple(dict.fromkeys((*data["uses"], *dependence.systems(data.get("needs", ()))))),
            usable_when=tuple(map(_check, data["usable_when"])),
            degraded=_degraded(data.get("degraded")),
            stands=dependence.stands(data),
        )

    def system(self, key: str, data: Json) -> p.System:
        return p.System(
            id=key,
            name=self.names(data),
            type=data["type"],
            runs_on={} if isinstance(data["runs_on"], str) else dict(data["runs_on"]),
            inside=data["runs_on"] if isinstance(data["runs_on"], str) else None,
            needs=dependence.systems(data.get("needs", ())),
            consistent_with=tuple(data.get("consistent_with", ())),
            size_bytes=_maybe(data, "size", size_bytes),
            change_bytes_per_day=_maybe(data, "change", rate_bytes_per_day),
            protect=() if data.get("protect") == "auto" else tuple(map(_protection, data.get("protect", ()))),
            settings={key: value for key, value in data.items() if key not in _SYSTEM_KEYS},
            stands=dependence.stands(data),
        )

    def site(self, key: str, data: Json) -> p.Site:
        return p.Site(
            id=key,
            name=self.names(data),
            provider=data["provider"],
            network=data.get("network"),
            machines={name: self.machine(key, name, below) for name, below in data["machines"].items()},
            hazards=tuple(data.get("hazards", ())),
            distance_km=_maybe(data, "distance", distance_km),
            region=data.get("region"),
            readiness=data.get("readiness"),
            cloud=build_cloud.cloud(data) if data["provider"] == "aws" else None,
            stands=dependence.stands(data),
        )

    def machine(self, site: str, key: str, data: Json) -> p.Machine:
        plain = {word: data.get(word) for word in ("address", "via", "host_key", "size", "image", "readiness")}
        return p.Machine(
            id=key,
            site=site,
            connection=self.connection(data),
            disk_bytes=_maybe(data, "disk", size_bytes),
            restores_bytes_per_s=_maybe(data, "restores", speed_bytes_per_s),
            stands=dependence.stands(data),
            offers={word: data[word] for word in data if word not in _MACHINE_KEYS},
            **plain,
        )

    def risk(self, key: str, data: Json) -> p.Risk:
        touched = dependence.reaches(data["affects"])
        lasts_s, unseen_s = (_maybe(data, word, duration_s) for word in ("lasts", "unseen"))
        accepted = bool(data.get("accepted", False))
        return p.Risk(key, self.names(data), touched, data["mode"], data.get("per_year"), lasts_s, unseen_s, accepted)

    def licence(self, key: str, data: Json) -> p.Licence:
        plain = {word: data.get(word) for word in ("until", "standby", "file")}
        return p.Licence(key, self.names(data), tuple(data["of"]), **plain)
