# SPDX-License-Identifier: Apache-2.0
"""The link: what each machine is told, the texts that it is given, what a probe makes of what it sees. No machine."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.action import link as action
from ansible_collections.bascule.continuity.plugins.module_utils import (
    link_echo,
    link_here,
    link_keys,
    link_live,
    link_probe,
    link_raise,
    link_texts,
    machine_run,
)
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job
from ansible_collections.bascule.continuity.plugins.plugin_utils import _link

NAMES = {"files2": "standby", "db2": "standby", "files1": "primary", "db1": "primary", "outside": "third"}
ADDRESSES = {"files2": "10.20.0.13", "db2": "10.20.0.11", "files1": "10.99.1.13", "db1": "10.99.1.11",
             "outside": "10.99.3.60"}  # fmt: skip
PUBLIC = {"files2": "A" * 43 + "=", "files1": "B" * 43 + "=", "outside": "C" * 43 + "="}
ENDPOINT = "198.51.100.7:51820"
TOOLS = {"ip": "/sbin/ip", "wg": "/bin/wg", "wireguard-go": "/bin/wireguard-go", "sysctl": "/sbin/sysctl"}
PRIVATE = base64.b64encode(bytes(range(32))).decode()


def plan(**link: Any) -> dict[str, Any]:
    peers = {
        "files1": {"key": {"secret": "office"}, "address": "10.98.255.2", "carries": ["10.99.1.0/24"], "at": "primary"},
        "outside": {"key": {"secret": "out"}, "address": "10.98.255.3", "carries": [], "at": "third"},
    }
    whole = {"through": "files2", "key": {"secret": "standby"}, "port": 51820, "tunnel": "10.98.255.0/28",
             "address": "10.98.255.1", "peers": peers, **link}  # fmt: skip
    return {
        "policy": {"id": "atelier"},
        "machines": {name: {"site": site, "address": ADDRESSES[name]} for name, site in NAMES.items()},
        "sites": {
            "primary": {"provider": "hosts", "cloud": None},
            "standby": {"provider": "aws", "cloud": {"network": "10.20.0.0/16", "link": whole}},
            "third": {"provider": "hosts"},
        },
    }


def told(machine: str, **link: Any) -> dict[str, Any]:
    found = _link.settings(plan(**link), machine, ENDPOINT, PUBLIC)
    assert found is not None
    return found


def here(**more: Any) -> link_texts.Here:
    return link_texts.Here(**{"tools": TOOLS, "kernel": True, "lan": "ens5", "own": True, "forwards": True, **more})


def job(machine: str, **link: Any) -> Job:
    return Job(told(machine, **link), {"standby": PRIVATE, "office": PRIVATE, "out": PRIVATE}, limit_s=0.1)


@pytest.mark.parametrize(
    ("private", "public"),
    [  # RFC 7748, section 6.1
        ("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
        ("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
    ],
)  # fmt: skip
def test_public_halves_are_those_of_the_rfc(private: str, public: str) -> None:
    given = base64.b64encode(bytes.fromhex(private)).decode() + "\n"
    assert base64.b64decode(link_keys.public(given)).hex() == public


@pytest.mark.parametrize("text", ["", "hello", "A" * 43, base64.b64encode(b"short").decode(), "-----BEGIN KEY-----"])
def test_a_text_that_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(link_keys.BadKeyError, match="`wg genkey` makes one") as caught:
        link_keys.public(text)
    assert len(text) < 5 or text not in str(caught.value)


def test_what_each_machine_is_in_the_link() -> None:
    roles = {name: _link.role(plan(), name) for name in [*NAMES, "controller"]}
    assert roles == {"files2": "end", "files1": "peer", "outside": "peer", "db2": "near", "db1": "near",
                     "controller": ""}  # fmt: skip


def test_a_plan_without_a_link_concerns_nobody() -> None:
    without = plan()
    without["sites"]["standby"]["cloud"]["link"] = None
    assert _link.of(without) is None
    without["sites"] = {"primary": {"provider": "hosts"}}
    assert _link.settings(without, "db1", None, {}) is None


def test_nobody_is_told_the_key_of_another() -> None:
    for name, secret in (("files2", "standby"), ("files1", "office"), ("outside", "out")):
        text = json.dumps(told(name))
        assert text.count('{"secret":') == 1
        assert f'{{"secret": "{secret}"}}' in text
    assert '"key"' not in json.dumps(told("db2"))


def test_the_end_knows_each_peer_with_what_is_behind_it() -> None:
    end = told("files2")
    assert {peer["name"]: peer["allowed"] for peer in end["peers"]} == {
        "files1": ["10.98.255.2/32", "10.99.1.0/24"],
        "outside": ["10.98.255.3/32", "10.99.3.60/32"],
    }
    assert end["far"] == ["10.99.1.0/24", "10.99.3.60/32"]
    assert {peer["endpoint"] for peer in end["peers"]} == {""}


def test_machines_beside_an_end_are_told_what_lies_behind_it() -> None:
    assert told("db1")["far"] == ["10.20.0.0/16"]
    assert (told("db1")["via"], told("db2")["via"]) == ("10.99.1.13", "10.20.0.13")
    assert told("db2")["far"] == ["10.98.255.0/28", "10.99.1.0/24", "10.99.3.60/32"]


def test_a_site_whose_peer_carries_nothing_gets_no_routes() -> None:
    peers = plan()["sites"]["standby"]["cloud"]["link"]["peers"]
    peers["files1"]["carries"] = []
    assert _link.role(plan(peers=peers), "db1") == ""


@pytest.mark.parametrize("policy", ["a", "atelier", "a-policy-with-a-name-that-is-far-too-long", "atelier-2"])
def test_interfaces_fit_and_numbers_are_free(policy: str) -> None:
    assert len(_link.interface(policy)) <= 15
    assert 10000 <= _link.number(policy) < 32000
    assert len({_link.interface(name) for name in (policy, policy + "x" * 20, policy + "x" * 21)}) == 3


def test_what_wireguard_reads() -> None:
    assert link_texts.settings(told("files1"), "SECRET").splitlines() == [
        "[Interface]", "PrivateKey = SECRET", f"FwMark = {_link.number('atelier')}", "", "# files2", "[Peer]",
        f"PublicKey = {PUBLIC['files2']}", "AllowedIPs = 10.98.255.1/32, 10.20.0.0/16", f"Endpoint = {ENDPOINT}",
        "PersistentKeepalive = 25",
    ]  # fmt: skip
    end = link_texts.settings(told("files2"), "SECRET")
    assert "ListenPort = 51820" in end
    assert end.count("[Peer]") == 2
    assert "Endpoint" not in end


def test_the_private_key_is_in_no_unit() -> None:
    for name in ("files2", "files1", "outside"):
        assert PRIVATE not in link_texts.unit(job(name), here())


def test_the_tunnel_passes_on_to_this_side_and_nowhere_else() -> None:
    number = _link.number("atelier")
    assert link_texts.rules(told("files1"), here()) == [
        f"pref {number} iif bsc-atelier to 10.99.1.0/24 lookup main",
        f"pref {number + 1} iif bsc-atelier blackhole",
        f"pref {number + 2} not fwmark {number} lookup {number}",
        f"pref {number + 3} iif ens5 blackhole",
    ]
    assert link_texts.forwarding(told("files1"), here()) == [
        "net/ipv4/conf/bsc-atelier/forwarding", "net/ipv4/conf/ens5/forwarding"]  # fmt: skip


def test_a_machine_that_passes_packets_on_already_keeps_doing_so() -> None:
    assert link_texts.forwarding(told("files1"), here(forwards=False)) == []
    assert not any("ens5" in rule for rule in link_texts.rules(told("files1"), here(forwards=False)))


def test_a_peer_that_carries_nothing_passes_nothing_on() -> None:
    assert link_texts.forwarding(told("outside"), here()) == []
    number = _link.number("atelier")
    assert [rule.split(" ", 2)[2] for rule in link_texts.rules(told("outside"), here())] == [
        "iif bsc-atelier blackhole", f"not fwmark {number} lookup {number}"]  # fmt: skip


def test_the_far_side_sees_the_address_of_the_plan_where_it_stands_here() -> None:
    assert link_texts.routes(told("outside"), here())[0].endswith("src 10.99.3.60")
    assert "src" not in link_texts.routes(told("outside"), here(own=False))[0]


def test_units_undo_what_they_do() -> None:
    text = link_texts.unit(job("files2"), here())
    added = [line.split(" rule add ")[1].split()[1] for line in text.splitlines() if " rule add " in line]
    undone = [line for line in text.splitlines() if line.startswith("ExecStopPost=")]
    removed = [line.split("pref ")[1] for line in undone if " rule delete " in line]
    assert removed == added
    assert "ExecStopPost=-/sbin/sysctl -qw net/ipv4/conf/ens5/forwarding=0" in undone
    assert undone[-1] == "ExecStopPost=-/sbin/ip link delete dev bsc-atelier"
    assert "Type=oneshot" in text
    assert "ExecStart=/sbin/ip link add dev bsc-atelier type wireguard" in text
    other = link_texts.unit(job("files2"), here(kernel=False))
    assert "Type=forking" in other
    assert "ExecStart=/bin/wireguard-go bsc-atelier" in other
    near = link_texts.near_unit(job("db1"), "/sbin/ip")
    assert "ExecStart=/sbin/ip route replace 10.20.0.0/16 via 10.99.1.13 mtu 1420" in near
    assert "ExecStopPost=-/sbin/ip route delete 10.20.0.0/16 via 10.99.1.13 mtu 1420" in near


def dump(*peers: str, public: str = PUBLIC["files1"], port: int = 51820) -> str:
    return "\n".join([f"(private)\t{public}\t{port}\toff", *peers]) + "\n"


def line(handshake: int = 0, received: int = 0, sent: int = 0, allowed: str = "10.98.255.1/32,10.20.0.0/16") -> str:
    return f"{PUBLIC['files2']}\t(none)\t{ENDPOINT}\t{allowed}\t{handshake}\t{received}\t{sent}\t25"


def test_what_wireguard_says_is_read_without_the_private_key() -> None:
    found = link_live.parsed(dump(line(7, 1, 2)))
    assert found is not None
    assert "(private)" not in repr(found)
    assert found.peers[PUBLIC["files2"]] == link_live.Seen(
        ENDPOINT, frozenset({"10.98.255.1/32", "10.20.0.0/16"}), 7, 1, 2
    )
    assert link_live.parsed("") is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (dump(line(), public=PUBLIC["outside"]), "its key is not the one of the secret office"),
        (dump(), "it does not know the key of files2"),
        (dump(line(allowed="10.98.255.1/32")), "it lets files2 carry 10.98.255.1/32"),
        (dump(line(), line().replace("A", "D", 43)), "it knows somebody who is not in the plan"),
        ("", "there is no tunnel"),
    ],
)
def test_what_runs_is_compared_with_what_is_written(said: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_live, "tunnel", lambda interface: link_live.parsed(said))
    assert link_live.wrong(job("files1"), here()) == why


def probed(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, before: str, after: str, machine: str = "files1"
) -> tuple[dict[str, Any], list[str]]:
    said = iter([before, after])
    monkeypatch.setattr(link_raise, "state_of", lambda unit: None)
    monkeypatch.setattr(link_live, "tunnel", lambda interface: link_live.parsed(next(said)))
    monkeypatch.setattr(link_echo, "there_and_back", lambda *words: seconds)
    monkeypatch.setattr(link_probe.time, "time", lambda: 1000.0)
    evidence = link_probe.probe(job(machine))["evidence"]
    return evidence["ways"][0] if evidence["ways"] else {}, evidence["problems"]


def test_a_packet_that_went_through(monkeypatch: pytest.MonkeyPatch) -> None:
    way, problems = probed(monkeypatch, 0.004, dump(line(990, 5, 5)), dump(line(990, 1105, 1105)))
    assert problems == []
    assert (way["through"], way["handshake_age_s"], way["received_bytes"]) == (True, 10, 1100)


@pytest.mark.parametrize(
    ("seconds", "before", "after", "says"),
    [
        # Answered, and the tunnel saw nothing of it, one way or the other, or could not have read it.
        (0.004, (990, 5, 5), (990, 5, 1105), "not through the tunnel: its counters stood still"),
        (0.004, (990, 5, 5), (990, 1105, 5), "not through the tunnel: its counters stood still"),
        (0.004, (1, 5, 5), (1, 1105, 1105), "not through the tunnel: its last handshake is too old"),
        (None, (0, 0, 0), (0, 0, 148), "files1 has never heard files2 at 198.51.100.7:51820: UDP port 51820 is closed"),
        (None, (100, 5, 5), (100, 5, 900), "files1 has not heard files2 at 198.51.100.7:51820 for 15 min"),
        (None, (950, 5, 5), (950, 5, 1105), "files1 has not heard files2 at 198.51.100.7:51820 for 50 s"),
        (None, (950, 5, 5), (950, 37, 1105), "stands (handshake 50 s ago), and files2 does not answer inside it"),
    ],
)
def test_a_packet_that_did_not(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, before: tuple[int, ...], after: tuple[int, ...], says: str
) -> None:
    way, problems = probed(monkeypatch, seconds, dump(line(*before)), dump(line(*after)))
    assert not way["through"]
    assert len(problems) == 1
    assert says in problems[0]


def test_a_tunnel_with_another_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = dump(line(0, 0, 0), public=PUBLIC["outside"])
    _way, problems = probed(monkeypatch, None, other, other)
    assert "another key than the secret office gives" in problems[0]
    _way, problems = probed(monkeypatch, None, dump(), dump())
    assert "does not know the key of files2" in problems[0]


def test_a_link_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_raise, "state_of", lambda unit: "it is failed")
    said = link_probe.probe(job("files1"))["evidence"]["problems"]
    assert said == ["The link does not run at files1: it is failed. dr-build.yml raises it."]


@pytest.mark.parametrize(("seconds", "silent", "said"), [
    (0.01, False, []),
    (None, True, []),
    (None, False, ["db1 reaches files2 through files1 no more. If files1 itself does, a packet filter on or before "
                   "files1 does not let the packets of others through."]),
])  # fmt: skip
def test_a_machine_beside_an_end_says_when_nothing_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, silent: bool, said: list[str]
) -> None:
    monkeypatch.setattr(link_raise, "state_of", lambda unit: None)
    monkeypatch.setattr(link_here, "look", lambda job: here())
    monkeypatch.setattr(link_live, "wrong", lambda job, here: None)
    asked: list[str] = []
    monkeypatch.setattr(link_echo, "there_and_back", lambda address, *more: asked.append(address) or seconds)
    work = job("db1")
    work.link["beyond"][0]["silent"] = silent
    assert link_probe.probe(work)["evidence"]["problems"] == said
    assert asked == ([] if silent else ["10.20.0.13"])


def test_an_echo_is_known_by_every_byte() -> None:
    content = bytes(100)
    sent = link_echo.packet(77, 1, content)
    assert link_echo.checksum(sent) == 0
    head = bytes([0x45]) + bytes(19)
    answer = head + struct.pack("!BBHHH", 0, 0, 0, 77, 1) + content
    assert link_echo.is_reply(answer, 77, content)
    assert not link_echo.is_reply(answer, 78, content)
    assert not link_echo.is_reply(answer[:-1] + b"x", 77, content)
    assert not link_echo.is_reply(head + sent, 77, content)


def test_a_peer_without_an_end_says_what_to_do() -> None:
    bare = _link.settings(plan(), "files1", None, PUBLIC)
    assert bare is not None
    with pytest.raises(machine_run.TroubleError, match=r"Nobody knows where files2 is reached: outputs/standby\.json"):
        link_raise.raise_(Job(bare, {"office": PRIVATE}))


def test_what_cannot_be_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    there: set[str] = set()
    monkeypatch.setattr(link_here.shutil, "which", lambda name, path="": f"/bin/{name}" if name in there else None)
    with pytest.raises(machine_run.TroubleError, match="files1 lacks wireguard-tools for the link, and it has no"):
        link_here.require(job("files1"), ["wg"])
    there.add("dnf")
    ended = machine_run.Ended(1, "", "no such package")
    monkeypatch.setattr(machine_run, "run", lambda argv, **more: ended)
    with pytest.raises(machine_run.TroubleError, match="dnf says: no such package"):
        link_here.require(job("files1"), ["wg"])
    asked: list[list[str]] = []
    monkeypatch.setattr(machine_run, "run", lambda argv, **more: asked.append(argv) or machine_run.Ended(0, "", ""))
    work = job("files1")
    link_here.require(work, ["wg", "sysctl"])
    assert asked == [["dnf", "install", "-y", "-q", "wireguard-tools", "procps-ng"]]
    assert work.changes == ["installed wireguard-tools, procps-ng"]


def test_the_end_is_read_from_what_was_built(tmp_path: Path) -> None:
    assert action.endpoint(tmp_path) is None
    (tmp_path / "outputs").mkdir()
    for text, found in (
        ('{"link": {"machine": "files2", "endpoint": "198.51.100.7", "port": 51820}}', ENDPOINT),
        ('{"link": {"machine": "files2", "endpoint": null, "port": 51820}}', None),
        ('{"link": null}', None),
        ("{", None),
    ):
        (tmp_path / "outputs/standby.json").write_text(text)
        assert action.endpoint(tmp_path) == found
