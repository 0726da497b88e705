# SPDX-License-Identifier: Apache-2.0
"""Observers: probes against real servers on this computer, outages from what was written down, lost records."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bascule_runtime import ask, probe, reach, secrets, watch, words

# A computer may stand still for a while: what must come is waited for patiently.
PATIENCE_S = 120


class Page(http.server.BaseHTTPRequestHandler):
    """A page that greets."""

    def do_GET(self) -> None:
        body = b"L'Atelier"
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "contains", "good"),
    [("/", None, True), ("/", "L'Atelier", True), ("/", "somebody else", False), ("/gone", None, False)],
)
def test_a_page_must_say_what_it_should(port: int, path: str, contains: str | None, good: bool) -> None:
    check = {"kind": "http", "url": f"http://127.0.0.1:{port}{path}", "expect": 200, "contains": contains,
             "timeout_s": PATIENCE_S}  # fmt: skip
    answer = probe.ask(check, Path(), {})
    assert answer["ok"] is good
    assert bool(answer["reason"]) is not good


def test_what_does_not_answer_is_no(port: int, tmp_path: Path) -> None:
    asked = {"kind": "tcp", "host": "127.0.0.1", "port": port, "timeout_s": PATIENCE_S}
    assert probe.ask(asked, tmp_path, {})["ok"]
    closed = probe.ask({**asked, "port": 1}, tmp_path, {})
    assert (closed["ok"], "ConnectionRefused" in closed["reason"]) == (False, True)
    assert not probe.ask({"kind": "http", "url": "http://no..name/", "timeout_s": PATIENCE_S}, tmp_path, {})["ok"]


def test_the_firm_s_own_check_gets_only_the_secrets_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text(
        "import json,os\nprint('noise')\nnamed = sorted(key for key in os.environ if 'SECRET' in key)\n"
        "print(json.dumps({'ok': True, 'record': named}))"
    )
    check = {"kind": "run", "run": "c.py", "writes": "marked", "secrets": ["erp-probe"], "timeout_s": PATIENCE_S}
    answer = probe.ask(check, tmp_path, {"erp-probe": "x", "other": "y"})
    assert answer["record"] == ["BASCULE_SECRET_ERP_PROBE"]
    (tmp_path / "c.py").write_text("import time; time.sleep(600)")
    assert "did not end" in probe.ask({**check, "timeout_s": 0.5}, tmp_path, {})["reason"]
    (tmp_path / "c.py").write_text("raise SystemExit(3)")
    assert "code 3" in probe.ask(check, tmp_path, {})["reason"]


def answers(*pairs: tuple[float, bool]) -> list[dict[str, Any]]:
    return [{"t": when, "ok": good, "reason": "" if good else "no"} for when, good in pairs]


def test_outage_is_from_the_last_good_to_the_first_good_answer() -> None:
    seen = watch.outage(answers((1, True), (2, True), (3, False), (9, False), (30, True), (31, True)), started=5)
    assert (seen["last_good"], seen["first_good"], seen["seen"]) == (2, 30, True)


def test_a_short_relief_does_not_end_an_outage() -> None:
    seen = watch.outage(answers((1, True), (2, False), (3, True), (4, False), (50, True)), started=3)
    assert (seen["last_good"], seen["first_good"]) == (1, 50)


def test_an_outage_that_was_over_before_the_run_is_another_one() -> None:
    seen = watch.outage(answers((1, True), (2, False), (3, True), (60, True)), started=40)
    assert seen["seen"] is False
    still = watch.outage(answers((1, True), (2, False)), started=40)
    assert (still["last_good"], still["first_good"], still["seen"]) == (1, None, True)


def test_watch_writes_and_ask_counts_what_is_lost(tmp_path: Path, port: int) -> None:
    (tmp_path / "c.py").write_text(
        "import json,sys\n"
        "if '--held' in sys.argv:\n"
        "    records = json.load(sys.stdin); print(json.dumps({'held': records[1:], 'lost': records[:1]}))\n"
        "else:\n    print(json.dumps({'ok': True, 'record': 'r'}))\n"
    )
    checks = [
        {"kind": "run", "run": "c.py", "writes": "marked", "timeout_s": PATIENCE_S},
        {"kind": "tcp", "host": "127.0.0.1", "port": port, "writes": "none", "timeout_s": PATIENCE_S},
    ]
    settings = {
        "policy": "p",
        "activities": {"orders": checks},
        "checks": str(tmp_path),
        "state": str(tmp_path / "s"),
        "every_s": 0.05,
    }
    config = tmp_path / "watch.json"
    config.write_text(json.dumps(settings))
    assert watch.main(["--config", str(config), "--rounds", "3"]) == 0
    assert [answer["ok"] for answer in watch.read(tmp_path / "s", "orders", 0)] == [True] * 3
    assert probe.main(["--config", str(config), "--activity", "orders", "--marked"]) == 0
    probe.acknowledge(tmp_path / "s", "orders", ["q"])
    kept = ask.held(checks, tmp_path, {}, tmp_path / "s", "orders")
    assert (kept["asked"], kept["held"], kept["lost"]) == (2, 1, 1)
    assert ask.until_usable(checks, tmp_path, {}, limit_s=PATIENCE_S)["usable"]
    shut = ask.until_usable(
        [{"kind": "tcp", "host": "127.0.0.1", "port": 1, "writes": "none"}], tmp_path, {}, limit_s=0.3
    )
    assert (shut["usable"], shut["asked"] > 0) == (False, True)


def test_a_later_run_does_not_count_again_what_an_earlier_one_told_lost(tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text(
        "import json,sys\nr = json.load(sys.stdin)\n"
        "print(json.dumps({'held': [x for x in r if x != 'old'], 'lost': [x for x in r if x == 'old']}))\n"
    )
    checks = [{"kind": "run", "run": "c.py", "writes": "marked", "timeout_s": PATIENCE_S}]
    probe.acknowledge(tmp_path, "orders", ["old", "new"])
    counts = [ask.held(checks, tmp_path, {}, tmp_path, "orders", started) for started in (0, 5, 5, 9)]
    assert [(kept["asked"], kept["lost"]) for kept in counts] == [(2, 1), (2, 1), (2, 1), (1, 0)]
    assert (counts[1]["lost_from"] is None, counts[3]["lost_from"] is None) == (False, True)


def test_words() -> None:
    assert words.weakest(["usable", "answering"]) == "answering"
    assert words.weakest(["usable", "blocked", "failed"]) == "failed"
    assert words.capped("usable", "data_correct") == "data_correct"
    assert not any(words.passed(word) for word in words.NOT_PASSED)


def test_secrets_are_named_all_at_once_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "v4lue")
    (tmp_path / "two").write_text("other\n")
    declared = {
        "one": {"env": "ONE"},
        "two": {"file": str(tmp_path / "two")},
        "three": {"env": "NONE_SUCH"},
        "four": {"file": str(tmp_path / "no")},
        "five": {"vault": "x"},
    }
    assert (secrets.resolve("one", declared), secrets.resolve("two", declared)) == ("v4lue", "other")
    said = secrets.missing([*declared, "six"], declared)
    assert [text.partition(":")[0] for text in said] == ["three", "four", "five", "six"] or len(said) == 4
    assert "v4lue" not in json.dumps(said)
    tree = {"key": {"secret": "a"}, "list": [{"secrets": ["b", "c"]}], "secret": "no", "more": 1}
    assert secrets.named(tree) == ["a", "b", "c"]


def test_only_what_greets_like_ssh_is_reachable(port: int) -> None:
    targets = {"web": ("127.0.0.1", port), "closed": ("127.0.0.1", 1), "nowhere": ("no..name", 22)}
    assert reach.answering(targets, limit_s=0.5) == {"web": False, "closed": False, "nowhere": False}
    assert reach.answering(targets, banner=b"", limit_s=PATIENCE_S)["web"] is True


def test_a_computer_that_stood_still_does_not_take_all_machines_for_dead(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0, 20)
    monkeypatch.setattr(reach, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    assert reach.answering({"web": ("127.0.0.1", port)}, banner=b"", limit_s=2)["web"] is True
