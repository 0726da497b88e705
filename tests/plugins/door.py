# SPDX-License-Identifier: Apache-2.0
"""Something that answers like an SSH server, so that a machine is found up."""

from __future__ import annotations

import socket
import threading


class Door:
    """A port of this computer that says, to whoever comes, what such a server says first."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            connection.sendall(b"SSH-2.0-double\r\n")
            connection.close()

    def close(self) -> None:
        self.socket.close()
