# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until a service answers on its own machine."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any, Callable, Mapping, Sequence

from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

PAUSE_S = 0.1


def http_answer(host: str, asked: Mapping[str, Any], limit_s: float) -> str:
    """Ask once; an empty text when the answer is the expected one, else what was wrong."""
    connection = http.client.HTTPConnection(host, int(asked["port"]), timeout=limit_s)
    try:
        connection.request("GET", str(asked.get("path") or "/"), headers={"User-Agent": "bascule"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as fault:
        return f"{host}:{asked['port']}: {fault or type(fault).__name__}"
    finally:
        connection.close()
    expected = int(asked.get("expect") or 200)
    return "" if status == expected else f"{host}:{asked['port']} answers {status}, not {expected}"


def tcp_answer(host: str, asked: Mapping[str, Any], limit_s: float) -> str:
    """Connect once; an empty text when that works, else what was wrong."""
    try:
        with socket.create_connection((host, int(asked["port"])), timeout=limit_s):
            return ""
    except OSError as fault:
        return f"{host}:{asked['port']}: {fault}"


KINDS: dict[str, Callable[[str, Mapping[str, Any], float], str]] = {"http": http_answer, "tcp": tcp_answer}


def wait(asked: Mapping[str, Any], hosts: Sequence[str], limit_s: float, once_s: float = 5.0) -> float:
    """Ask at `hosts` until one answers right; return the seconds that it took. Raises TroubleError at the limit."""
    began, ask = time.monotonic(), KINDS[str(asked["kind"])]
    while True:
        left = limit_s - (time.monotonic() - began)
        wrong = []
        for host in hosts:
            said = ask(host, asked, max(0.2, min(once_s, left)))
            if not said:
                return round(time.monotonic() - began, 3)
            wrong.append(said)
        if time.monotonic() - began >= limit_s:
            raise TroubleError(f"No right answer within {limit_s:g} s: {'; '.join(wrong)}.")
        time.sleep(PAUSE_S)
