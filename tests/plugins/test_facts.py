# SPDX-License-Identifier: Apache-2.0
"""Facts that machines tell of themselves, taken from files, programs and sockets of this computer."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    facts_certificates,
    facts_host,
    facts_postgresql,
    facts_service,
    facts_side,
)
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

SHOWN = """notBefore=Oct  1 00:00:00 2026 GMT
notAfter=Jan 31 23:59:59 2027 GMT
X509v3 Subject Alternative Name:
    DNS:www.firm.test, DNS:erp.firm.test, IP Address:192.0.2.7
"""


def test_dates_and_names_of_a_certificate() -> None:
    names = ["192.0.2.7", "erp.firm.test", "www.firm.test"]
    assert facts_certificates.read(SHOWN) == {"since": 1790812800.0, "until": 1801439999.0, "names": names}
    with pytest.raises(ValueError, match="end"):
        facts_certificates.read("nothing of the kind")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    words = "req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=www.firm.test -addext subjectAltName=DNS:www.firm.test"
    argv = ["openssl", *words.split(), "-keyout", str(folder / "key.pem"), "-out", str(folder / "www.pem")]
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
    return folder / "www.pem"


def test_certificates_are_found_where_configuration_names_them(certificate: Path, tmp_path: Path) -> None:
    conf = tmp_path / "site.conf"
    conf.write_text(f"ssl_certificate {certificate};\n# ssl_certificate /etc/old.pem;\nroot /srv;\n")
    assert facts_certificates.named_in([str(conf)]) == [str(certificate)]
    facts = facts_certificates.files([], [str(certificate), str(conf)], ["/nowhere/other.pem"])
    assert sorted(facts) == sorted(["/nowhere/other.pem", str(certificate)])
    assert facts["/nowhere/other.pem"] is None
    assert facts[str(certificate)]["names"] == ["www.firm.test"]
    assert 8 * 86400 < facts[str(certificate)]["until"] - facts[str(certificate)]["since"] <= 9 * 86400
    with pytest.raises(TroubleError, match="cannot be read as a certificate"):
        facts_certificates.files([str(conf)], [], [])


ASKED_FOR: list[str | None] = []


@pytest.fixture
def served(certificate: Path) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    context.sni_callback = lambda _socket, name, _context: ASKED_FOR.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def test_what_a_service_shows_is_a_fact_too(served: int) -> None:
    facts = facts_certificates.served([f"www.firm.test:{served}"], "127.0.0.1")
    assert facts[f"https://www.firm.test:{served}"]["names"] == ["www.firm.test"]
    # A server of several firms shows the certificate of the name that it is asked for.
    assert ASKED_FOR == ["www.firm.test"]


def test_addresses_of_the_other_side_are_found_whole(tmp_path: Path) -> None:
    lines = {"a": "uri = postgresql://erp@192.0.2.1:5432/", "b": "allow 192.0.2.11;", "c": "# was 192.0.2.1", "d": "x"}
    for name, line in lines.items():
        (tmp_path / name).write_text(line + "\n")
    files = [str(tmp_path / name) for name in lines]
    found = facts_service.mentions(files, {"db1": "192.0.2.1", "app1": "192.0.2.2"})
    assert found == {str(tmp_path / "a"): ["db1"]}


def test_owners_by_name_and_what_those_names_are_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    here = facts_host.owners([str(tmp_path)])
    assert os.getuid() in here["users"].values()
    assert facts_host.numbers(here) == here
    assert facts_host.numbers({"users": {"nobody-of-that-name": 7}}) == {
        "users": {"nobody-of-that-name": None}, "groups": {}}  # fmt: skip


def test_all_names_of_utc_are_one() -> None:
    assert set(facts_host.UTC) >= {"UTC", "Etc/UTC", ""}
    assert facts_host.timezone()


def test_space_is_asked_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    told = facts_host.space(str(tmp_path / "not" / "there"))
    assert told["path"] == str(tmp_path)
    assert told["free"] > 0


def test_lists_of_libraries() -> None:
    assert facts_postgresql.words("auto_explain, '$libdir/x', \"y\"".replace("'", "")) == ["auto_explain", "x", "y"]
    assert facts_postgresql.words("") == []


def test_what_a_unit_starts_and_is_written_in() -> None:
    shown = {"ExecStart": "{ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 /opt/erp.py -c /etc/erp.conf ; x=1 }",
             "EnvironmentFiles": "/etc/default/erp (ignore_errors=yes)", "FragmentPath": "/etc/systemd/erp.service",
             "DropInPaths": "/etc/systemd/system/e.service.d/bascule.conf /run/e.d/limits.conf"}  # fmt: skip
    assert facts_service.started(shown) == ["/etc/default/erp", "/etc/erp.conf", "/opt/erp.py", "/usr/bin/python3"]
    assert facts_service.unit_files(shown) == ["/etc/systemd/erp.service", "/run/e.d/limits.conf"]


def job(tmp_path: Path, **peer: Any) -> SimpleNamespace:
    return SimpleNamespace(side="standby", serving="primary", machine="db2", policy="firm", id="db", peer=peer, run={})


def test_the_other_side_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_side, "kept_path", lambda policy, system: str(tmp_path / f"{policy}-{system}.json"))
    seen: list[Any] = []

    def collect(other: Any) -> str:
        seen.append(dict(other))
        return "here"

    peer = {"side": "primary", "at": 5.0, "x": 1}
    first = facts_side.told(job(tmp_path, **peer), {"x": collect})
    assert "kept" not in first
    assert first["facts"]["x"] == "here"
    second = facts_side.told(job(tmp_path), {"x": collect})
    assert second["kept"] == peer
    assert seen == [peer, peer]


def test_a_section_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_side, "kept_path", lambda policy, system: str(tmp_path / "none.json"))

    def broken(other: Any) -> None:
        raise TroubleError("It is odd.")

    facts = facts_side.told(job(tmp_path), {"x": broken, "y": lambda other: None})["facts"]
    assert facts["unread"] == {"x": "It is odd."}
    assert "x" not in facts
    assert "y" not in facts
