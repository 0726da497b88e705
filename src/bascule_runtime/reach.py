# SPDX-License-Identifier: Apache-2.0
"""Which machines answer, all asked at once."""

from __future__ import annotations

import selectors
import socket
import time
from typing import Mapping, Optional

Target = tuple[str, int]
ANSWERS, HANGS, SILENT = "answers", "hangs", "silent"
SLICE_S = 0.2
# A connection that is not there by then is not coming: a first packet that was lost is sent again after 1 s. What is
# connected may take longer to say who it is, a machine under load does.
CONNECT_S = 1.5


def _begin(target: Target) -> Optional[socket.socket]:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)[0]
        connection = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError):
        return None
    connection.setblocking(False)
    connection.connect_ex(address)
    return connection


def _answered(connection: socket.socket, banner: bytes) -> bool:
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        return False
    if not banner:
        return True
    try:
        return connection.recv(len(banner)) == banner
    except OSError:
        return False


def _connected(connection: socket.socket) -> bool:
    try:
        connection.getpeername()
    except OSError:
        return False
    return True


def _any_connected(selector: selectors.BaseSelector) -> bool:
    return any(_connected(key.fileobj) for key in selector.get_map().values())  # type: ignore[arg-type]


def answering(targets: Mapping[str, Target], banner: bytes = b"SSH-", limit_s: float = 2.0) -> dict[str, bool]:
    """Whether each of `targets` (name → address, port) answers a TCP connection within `limit_s` seconds in all.

    With a `banner`, its first bytes must be that: a machine that hangs, or something else at the address, does not
    count. An empty banner asks for the connection alone.
    """
    return {name: state == ANSWERS for name, state in states(targets, banner, limit_s).items()}


def states(targets: Mapping[str, Target], banner: bytes = b"SSH-", limit_s: float = 2.0) -> dict[str, str]:
    """As `answering`, in words: `ANSWERS`, `SILENT`, or `HANGS` for what takes a connection and then says nothing.

    It ends before `limit_s` when all have answered, and after `CONNECT_S` when none of the others is connected.
    Time in which this computer itself stood still does not count: it would make every machine look dead.
    """
    found = dict.fromkeys(targets, SILENT)
    event = selectors.EVENT_READ if banner else selectors.EVENT_WRITE
    left_s = limit_s
    with selectors.DefaultSelector() as selector:
        for name, target in targets.items():
            connection = _begin(target)
            if connection:
                selector.register(connection, event, name)
        while selector.get_map() and left_s > 0:
            if left_s <= limit_s - CONNECT_S and not _any_connected(selector):
                break
            began, wait_s = time.monotonic(), min(SLICE_S, left_s)
            ready = selector.select(wait_s)
            left_s -= min(wait_s, time.monotonic() - began)
            for key, _events in ready:
                connection = key.fileobj  # type: ignore[assignment]
                found[key.data] = ANSWERS if _answered(connection, banner) else SILENT  # type: ignore[arg-type]
                selector.unregister(connection)  # type: ignore[arg-type]
                connection.close()  # type: ignore[union-attr]
        for key in list(selector.get_map().values()):
            # The kernel of a machine that hangs takes connections all the same.
            found[key.data] = HANGS if _connected(key.fileobj) else SILENT  # type: ignore[arg-type]
            key.fileobj.close()  # type: ignore[union-attr]
    return found
