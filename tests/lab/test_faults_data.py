# SPDX-License-Identifier: Apache-2.0
"""Faults of secrets and of the name server, on one lab that is healed after each test."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bascule_lab.demo.rehearsal import Run

from . import cycle as cycles
from .cycle import DECLARE, Cycle
from .fault_table import FaultTable

pytestmark = [pytest.mark.lab_full]
SCANS = {"only": "scans"}
# Logins of the person who runs a driver; those of the agents have other users.
LOGINS = "journalctl -q -u ssh -o cat | grep -c '^Accepted publickey for dr ' || true"
SETTINGS = "/etc/bind/named.conf.local"
BY_HAND = "or set by hand: scans.seeds.test. 5 IN A 10.82.2.12, and start again: the run goes on from there."
STRANGER = "hmac-sha256:bascule:" + base64.b64encode(b"another secret, as long as it is").decode()
ZONE = 'include "/etc/bind/lab.key"; zone "seeds.test" { type master; file "/var/lib/bind/lab.zone"; %s; };'


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycle]:
    with cycles.started("faults-b", tmp_path_factory.mktemp("faults-b")) as cycle:
        cycle.drive("build", extra={"restart": "allowed"})
        yield cycle


@contextmanager
def away(path: Path) -> Iterator[None]:
    """A file that is not where it should be."""
    hidden = path.with_name(path.name + ".away")
    path.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(path)


@contextmanager
def named(firm: Cycle, settings: str) -> Iterator[None]:
    """A name server with other settings of the zone; without any, it does not run."""
    change = f"cp -n {SETTINGS} /root/named.before; cat > {SETTINGS}; systemctl restart named"
    firm.rehearsal.on("dns", change if settings else "systemctl stop named", stdin=settings)
    try:
        yield
    finally:
        firm.rehearsal.on("dns", f"[ ! -e /root/named.before ] || mv /root/named.before {SETTINGS}; "
                          "systemctl restart named")  # fmt: skip


def logins(firm: Cycle) -> dict[str, str]:
    """How often a run has logged in at each machine."""
    return {name: firm.rehearsal.on(name, LOGINS).strip() for name in firm.rehearsal.plan["machines"]}


@pytest.mark.parametrize(
    ("name", "says"),
    [("ssh-key", "ssh-key: the file ~/.ssh/bascule-faults-b cannot be read (No such file or directory)."),
     ("copies-key", "copies-key: the file ~/.config/bascule/faults-b-copies.key cannot be read (No such file or "
      "directory)."),
     ("dns-key", "dns-key: the environment variable BASCULE_DNS_KEY is not set.")],
)  # fmt: skip
def test_a_secret_is_missing(firm: Cycle, fault_table: FaultTable, name: str, says: str) -> None:
    where, before = firm.rehearsal.plan["secrets"][name], logins(firm)
    if "file" in where:
        with away(Path(where["file"]).expanduser()):
            run = firm.rehearsal.driver("activate", env=DECLARE)
    else:
        run = firm.rehearsal.driver("activate", env={**DECLARE, where["env"]: ""})
    assert logins(firm) == before
    fault_table.ends_with(
        run,
        id=f"secret-missing-{name}",
        fault=f"A secret is not there: the `{name}`.",
        driver="activate",
        stage="guard",
        exit=2,
        says=f"Refused: Secrets are missing. {says}",
        then="Put the secret where the sentence says, then start again. No machine was logged in to.",
    )


def down(firm: Cycle) -> Run:
    with named(firm, ""):
        return firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)


def refusing(firm: Cycle) -> Run:
    with named(firm, ZONE % "allow-update { none; }"):
        return firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)


def other_key(firm: Cycle) -> Run:
    return firm.rehearsal.driver("activate", env={**DECLARE, "BASCULE_DNS_KEY": STRANGER}, extra=SCANS)


def without_zone(firm: Cycle) -> Run:
    with named(firm, "# no zone\n"):
        return firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)


def ignoring(firm: Cycle) -> Run:
    """Whoever brings the key changes a zone that nobody else is shown."""
    keyed = 'zone "seeds.test" { type master; file "/var/lib/bind/keyed.zone"; allow-update { key "bascule"; }; };'
    firm.rehearsal.on("dns", "install -o bind -g bind /var/lib/bind/lab.zone /var/lib/bind/keyed.zone")
    shown = 'zone "seeds.test" { type master; file "/var/lib/bind/lab.zone"; allow-update { none; }; };'
    views = (f'include "/etc/bind/lab.key"; view "keyed" {{ match-clients {{ key "bascule"; }}; {keyed} }};\n'
             f'view "all" {{ match-clients {{ any; }}; {shown} }};\n')  # fmt: skip
    with named(firm, views):
        return firm.rehearsal.driver("activate", env=DECLARE, extra=SCANS)


# In this order, each run goes on where the one before was stopped.
NAMES: dict[str, tuple[str, Callable[[Cycle], Run], str, str]] = {
    "dns-down": (
        "The DNS server does not run.", down,
        "The DNS server 10.82.3.53, port 53, cannot be reached: the machine is there, but no DNS server runs on it.",
        "Start the DNS server, then start again."),
    "dns-refuses": (
        "The DNS server lets nobody change the zone.", refusing,
        "The DNS server 10.82.3.53 refused to change seeds.test: REFUSED; the server does not let this key change the "
        "zone.", "Allow the key in the server's settings of the zone."),
    "dns-other-key": (
        "The key of the DNS switch is not the server's.", other_key,
        "The server refused the key: BADSIG; the key is not the server's.",
        "Put the key of the server into the secret of the switch."),
    "dns-without-zone": (
        "The DNS server has lost the zone.", without_zone,
        "The DNS server 10.82.3.53 does not answer for scans.seeds.test: REFUSED.",
        "Give the server its zone back."),
    "dns-ignores": (
        "The DNS server takes the change and goes on giving the old address.", ignoring,
        "The DNS server 10.82.3.53 took the change and still says otherwise for scans.seeds.test:",
        "Look for a second view of the zone, or a server behind this one, that users are answered from."),
}  # fmt: skip


@pytest.mark.lab_full
def test_the_name_server_does_not_obey(firm: Cycle, fault_table: FaultTable) -> None:
    served = firm.tree("scans", "primary")
    for id, (fault, strike, says, then) in NAMES.items():
        run = strike(firm)
        words = {unit["id"]: unit["word"] for unit in run.report["units"]}
        assert words["system.scans"] in ("data_correct", "answering"), words
        assert words["activity.scans"] == "blocked"
        assert firm.tree("scans", "standby") == served
        fault_table.ends_with(
            run, id=id, fault=fault, driver="activate", stage="switch", exit=2,
            says=f"The names were not switched. {says}",
            then=f"{then} Or set the records by hand, as the run writes them out. The data are recovered already; the "
            "same command goes on from there.",
        )  # fmt: skip
        assert " ".join(BY_HAND.split()) in " ".join(run.outcome.log.read_text().split())
    firm.drive("activate", env=DECLARE, extra=SCANS)
    cycles.expect_usable(firm, "activate", ("kept", "not_shown"), ("scans",))
    firm.drive("failback", extra=SCANS)
