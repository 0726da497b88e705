# SPDX-License-Identifier: Apache-2.0
"""Which machines answer: one that speaks late, one that hangs, one that is silent, one that refuses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bascule_runtime import reach

HERE = "127.0.0.1"


class Places:
    """Addresses on this computer, each with its manners."""

    def __init__(self, until: ExitStack) -> None:
        self.until = until

    def listening(self, backlog: int = 5) -> socket.socket:
        return self.until.enter_context(socket.create_server((HERE, 0), backlog=backlog))

    def hangs(self) -> tuple[str, int]:
        """The kernel takes the connection; nobody says anything."""
        return (HERE, int(self.listening().getsockname()[1]))

    def speaks(self, after_s: float, words: bytes) -> tuple[str, int]:
        server = self.listening()

        def serve() -> None:
            connection, _peer = server.accept()
            time.sleep(after_s)
            with connection:
                connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        return (HERE, int(server.getsockname()[1]))

    def silent(self) -> tuple[str, int]:
        """The first packet of a connection is dropped, as by a dead machine: there is no room for one more."""
        place = self.listening(backlog=0).getsockname()[:2]
        for _number in range(2):
            one = self.until.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(place)
        return (HERE, int(place[1]))

    def refuses(self) -> tuple[str, int]:
        with socket.create_server((HERE, 0)) as server:
            return (HERE, int(server.getsockname()[1]))


@pytest.fixture
def places() -> Iterator[Places]:
    with ExitStack() as until:
        yield Places(until)


def test_each_is_told_from_the_others(places: Places) -> None:
    late_s = reach.CONNECT_S + 0.3
    seen = reach.states(
        {
            "speaks": places.speaks(0, b"SSH-2.0-one"),
            "late": places.speaks(late_s, b"SSH-2.0-two"),
            "other": places.speaks(0, b"HTTP/1.1"),
            "hangs": places.hangs(),
            "silent": places.silent(),
            "refuses": places.refuses(),
            "nowhere": ("no such name.invalid", 22),
        },
        limit_s=late_s + 2,
    )
    assert seen == {
        "speaks": reach.ANSWERS,
        "late": reach.ANSWERS,
        "other": reach.SILENT,
        "hangs": reach.HANGS,
        "silent": reach.SILENT,
        "refuses": reach.SILENT,
        "nowhere": reach.SILENT,
    }


def test_a_connection_that_is_not_coming_is_not_waited_for(places: Places) -> None:
    began, limit_s = time.monotonic(), 60.0
    seen = reach.states({"speaks": places.speaks(0, b"SSH-"), "silent": places.silent()}, limit_s=limit_s)
    assert seen == {"speaks": reach.ANSWERS, "silent": reach.SILENT}
    assert time.monotonic() - began < limit_s / 2


def test_a_connection_alone_is_enough_where_nothing_is_said_first(places: Places) -> None:
    assert reach.answering({"open": places.hangs(), "closed": places.refuses()}, banner=b"") == {
        "open": True,
        "closed": False,
    }
