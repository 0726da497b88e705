# SPDX-License-Identifier: Apache-2.0
"""Asks whether an activity is usable, as its users would: one entry of `usable_when` at a time."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence
from urllib.parse import urlsplit

Answer = dict[str, Any]
BODY_LIMIT = 1 << 20
DEFAULT_TIMEOUT_S = 5.0


class NoAnswerError(Exception):
    """The check did not say yes; the text says why, without secrets."""


def _http(check: Mapping[str, Any], limit_s: float, _home: Path, _secrets: Mapping[str, str]) -> Answer:
    url = urlsplit(str(check["url"]))
    port = url.port or (443 if url.scheme == "https" else 80)
    plain = http.client.HTTPConnection(str(url.hostname), port, timeout=limit_s)
    connection = plain if url.scheme == "http" else http.client.HTTPSConnection(
        str(url.hostname), port, timeout=limit_s, context=ssl.create_default_context())
    try:
        connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""),
                           headers={"User-Agent": "bascule-observer", "Cache-Control": "no-cache"})
        who = connection.sock.getpeername()[0] if connection.sock else ""
        response = connection.getresponse()
        body = response.read(BODY_LIMIT)
    finally:
        connection.close()
    expected = int(check.get("expect") or 200)
    if response.status != expected:
        raise NoAnswerError(f"{check['url']} answered {response.status}, not {expected} (from {who})")
    wanted = check.get("contains")
    if wanted and str(wanted).encode("utf-8") not in body:
        raise NoAnswerError(f"{check['url']} answered without the text that it should contain (from {who})")
    return {"who": who}


def _tcp(check: Mapping[str, Any], limit_s: float, _home: Path, _secrets: Mapping[str, str]) -> Answer:
    with socket.create_connection((str(check["host"]), int(check["port"])), timeout=limit_s) as connection:
        return {"who": connection.getpeername()[0]}


def _environment(secrets: Mapping[str, str]) -> dict[str, str]:
    base = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    named = {f"BASCULE_SECRET_{name.upper().replace('-', '_')}": value for name, value in secrets.items()}
    return {**base, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **named}


def script(check: Mapping[str, Any], limit_s: float, home: Path, secrets: Mapping[str, str],
           arguments: Sequence[str] = (), given: str = "") -> Answer:
    """Run the firm's own check and return its line of JSON; it may use only the secrets that it names.

    Raises NoAnswerError when it ends with another code than 0, prints no JSON, or takes longer than `limit_s` seconds.
    """
    path = home / str(check["run"])
    argv = [sys.executable if path.suffix == ".py" else str(path), *([str(path)] if path.suffix == ".py" else [])]
    own = {name: secrets[name] for name in check.get("secrets") or () if name in secrets}
    try:
        ended = subprocess.run([*argv, *arguments], input=given, cwd=path.parent, env=_environment(own), text=True,
                               capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"{check['run']} did not end within {limit_s:g} s") from None
    except OSError as error:
        raise NoAnswerError(f"{check['run']} cannot be run ({error.strerror})") from None
    lines = ended.stdout.strip().splitlines()
    try:
        said = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = {}
    if ended.returncode or not isinstance(said, dict) or not (said.get("ok") or arguments):
        why = (said.get("reason") if isinstance(said, dict) else "") or f"it ended with code {ended.returncode}"
        raise NoAnswerError(f"{check['run']}: {why}")
    return said


def _run(check: Mapping[str, Any], limit_s: float, home: Path, secrets: Mapping[str, str]) -> Answer:
    said = script(check, limit_s, home, secrets)
    return {key: said[key] for key in ("record", "who") if said.get(key) is not None}


KINDS: dict[str, Callable[[Mapping[str, Any], float, Path, Mapping[str, str]], Answer]] = {
    "http": _http, "tcp": _tcp, "run": _run}


def ask(check: Mapping[str, Any], home: Path, secrets: Mapping[str, str]) -> Answer:
    """Ask one entry of `usable_when`: `{"ok", "ms", "reason"}`, and `who` and `record` where the check knows them.

    `home` is the folder that the check's path starts from. Never raises; ends within the check's limit and a second.
    """
    limit_s = float(check.get("timeout_s") or DEFAULT_TIMEOUT_S)
    began = time.monotonic()
    box: Answer = {}

    def work() -> None:
        try:
            box.update(KINDS[str(check["kind"])](check, limit_s, home, secrets), ok=True, reason="")
        except NoAnswerError as error:
            box.update(ok=False, reason=str(error))
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            box.update(ok=False, reason=f"{type(error).__name__}: {error}")

    # The resolver has no time limit of its own, so the whole question is asked beside.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(limit_s + 1)
    late = thread.is_alive() or not box
    answer: Answer = {"ok": False, "reason": f"no answer within {limit_s:g} s"} if late else dict(box)
    answer["ms"] = round((time.monotonic() - began) * 1000)
    return answer


def ask_all(checks: Sequence[Mapping[str, Any]], home: Path, secrets: Mapping[str, str], marked: bool) -> Answer:
    """Ask the checks of one activity, those that leave a marked record only if `marked`; stops at the first no."""
    total, who, records = 0, "", []
    asked = [check for check in checks if marked or check.get("writes", "none") == "none"]
    if not asked:
        return {"ok": False, "ms": 0, "reason": "no check can be asked without leaving a record"}
    for check in asked:
        answer = ask(check, home, secrets)
        total += answer["ms"]
        if not answer["ok"]:
            return {**answer, "ms": total}
        who = str(answer.get("who") or who)
        records += [answer["record"]] if answer.get("record") is not None else []
    return {"ok": True, "ms": total, "reason": "", "who": who, "records": records}


def acknowledge(state: Path, activity: str, records: Sequence[Any]) -> None:
    """Write down records that the service has acknowledged, on disk: what may later turn out to be lost."""
    if not records:
        return
    with (state / "acknowledged.jsonl").open("a", encoding="utf-8") as stream:
        for record in records:
            stream.write(json.dumps({"t": time.time(), "activity": activity, "record": record}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def load(path: str) -> dict[str, Any]:
    """The observer's settings: `{"policy", "activities": {id: checks}, "checks", "state", "secrets", "every_s"}`."""
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        raise TypeError(f"{path} is not an object")
    return settings


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Entry of the subcommand `probe`: ask one activity once; prints the answer, exit code 0 for yes and 1 for no."""
    parser = argparse.ArgumentParser(prog="bascule_runtime probe", description="Ask whether an activity is usable.")
    parser.add_argument("--config", required=True)
    parser.add_argument("--activity", required=True)
    parser.add_argument("--marked", action="store_true", help="also the checks that leave a marked record")
    given = parser.parse_args(arguments)
    settings = load(given.config)
    checks = settings["activities"].get(given.activity)
    if checks is None:
        sys.stderr.write(f"{given.activity}: no such activity here. There are: {', '.join(settings['activities'])}.\n")
        return 2
    answer = ask_all(checks, Path(settings["checks"]), settings.get("secrets") or {}, given.marked)
    if answer["ok"] and given.marked:
        acknowledge(Path(settings["state"]), given.activity, answer.get("records") or [])
    sys.stdout.write(json.dumps({"t": time.time(), "activity": given.activity, **answer}, ensure_ascii=False) + "\n")
    return 0 if answer["ok"] else 1
