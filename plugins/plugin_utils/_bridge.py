# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge to a cloud, `stack/bridge.py`, a process of its own: asked by a line of JSON, ended with its children."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional

from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import secrets

PROGRAM = Path("stack/bridge.py")
PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"
# The bridge ends its engine in good order within 20 s; then all that is left of it is ended.
GRACE_S = 25
OURS = ("ANSIBLE", "BASCULE", "PYTEST")
CLOSED = "[secret]"
# States of processes of which only the exit code is left.
DEAD = frozenset("ZXx")


class BridgeError(Exception):
    """It could not be done: a code, a sentence, and the events that were seen until then."""

    def __init__(self, reason: str, sentence: str, seen: list[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.reason, self.seen = reason, seen


def environment(plan: Mapping[str, Any], passphrase: str) -> dict[str, str]:
    """What the bridge is started with: the cloud's credentials as they are here, and of our secrets only this one."""
    named = {str(where["env"]) for where in plan["secrets"].values() if "env" in where}
    kept = {name: value for name, value in os.environ.items()
            if name.startswith(("AWS_", "BASCULE_DOUBLE")) or not (name.startswith(OURS) or name in named)}
    return {**kept, **({PASSPHRASE: passphrase} if passphrase else {})}


def work(compiled: Path, request: Mapping[str, Any], given: dict[str, str], limit_s: float, log: Path,
         wanted: Callable[[], bool]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The result of a request and the events before it. `log` gets all that is said; `wanted`: whether the run goes on.

    Raises BridgeError when it was not done, or not within `limit_s` seconds.
    """
    process = subprocess.Popen(
        [sys.executable, str(compiled / PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, cwd=compiled / PROGRAM.parent, env=given, start_new_session=True)
    seen: list[dict[str, Any]] = []
    late = ""
    try:
        _ask(process, request)
        _events(process, limit_s, log, _values(given), wanted, seen)
    except TimeoutError as error:
        late = str(error)
    finally:
        _end(process)
    return _result(seen, late)


def _ask(process: "subprocess.Popen[bytes]", request: Mapping[str, Any]) -> None:
    """Ask; standard input stays open, since the bridge ends with it."""
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(request, default=str).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        # What it said before it ended is read all the same.
        return


def _values(given: Mapping[str, str]) -> list[str]:
    """Values that must not get into any file, longest first."""
    names = (PASSPHRASE, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return sorted((given[name] for name in names if len(given.get(name, "")) > 3), key=len, reverse=True)


def _lines(process: "subprocess.Popen[bytes]", limit_s: float, wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Lines as they come; raises TimeoutError at the limit, or when nobody wants them any more."""
    assert process.stdout is not None
    deadline, rest = time.monotonic() + limit_s, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if time.monotonic() > deadline:
                raise TimeoutError(f"It did not end within {limit_s:g} s and was ended.")
            if not wanted():
                raise TimeoutError("The run was killed.")
            if not selector.select(1.0):
                continue
            part = os.read(process.stdout.fileno(), 65536)
            *lines, rest = (rest + part).split(b"\n")
            yield from (line for line in lines if line)
            if not part:
                yield from [rest] if rest else []
                return


def _events(process: "subprocess.Popen[bytes]", limit_s: float, log: Path, values: list[str],
            wanted: Callable[[], bool], seen: list[dict[str, Any]]) -> None:
    """Add events to `seen`; what else is said goes into the log, as the events do, without the values of secrets."""
    with log.open("a", encoding="utf-8") as stream:
        for line in _lines(process, limit_s, wanted):
            text = line.decode("utf-8", "replace")
            for value in values:
                text = text.replace(value, CLOSED)
            stream.write(text + "\n")
            stream.flush()
            event = _decoded(text)
            if event is not None:
                seen.append(event)


def _decoded(text: str) -> Optional[dict[str, Any]]:
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let it end in good order, then end what is left of its session: plugins have process groups of their own."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    os.set_blocking(process.stdout.fileno(), False)
    deadline = time.monotonic() + GRACE_S
    while process.poll() is None and time.monotonic() < deadline:
        _drain(process)
        time.sleep(0.05)
    while left := session(process.pid):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        time.sleep(0.01)
    process.wait()
    process.stdout.close()


def _drain(process: "subprocess.Popen[bytes]") -> None:
    """Whoever writes must not wait for a reader that waits for its end."""
    assert process.stdout is not None
    try:
        while os.read(process.stdout.fileno(), 65536):
            continue
    except BlockingIOError:
        return


def session(leader: int) -> list[int]:
    """Processes that a process started and that are still there, itself among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] not in DEAD:
                found.append(int(path.parent.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def _result(seen: list[dict[str, Any]], late: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if late:
        raise BridgeError("limit", late, seen)
    last = seen[-1] if seen else {}
    if last.get("event") == "end":
        return last, seen[:-1]
    if last.get("event") == "failed":
        raise BridgeError(str(last["reason"]), str(last["msg"]), seen)
    raise BridgeError(
        "bridge", "The bridge to the cloud ended without a word; what it said is in cloud.log of this run.", seen)


def passphrase(cloud: Mapping[str, Any], plan: Mapping[str, Any], vault: secrets.Vault) -> str:
    """The passphrase of the state of a site. Raises secrets.MissingSecretError when it is not here."""
    return secrets.resolve(cloud["state"]["passphrase"]["secret"], plan["secrets"], vault)
