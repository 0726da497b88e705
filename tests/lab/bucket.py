# SPDX-License-Identifier: Apache-2.0
"""What machines of a lab reach of the double of AWS: its S3, and the service that tells an instance its role's keys.

Both listen at this computer's end of the lab's cable, and nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from bascule_lab import guard, network
from bascule_lab.host import Host

METADATA = "169.254.169.254"
TOKEN = "a-token"
# In the router's namespace: where instances ask, this computer answers.
ANSWERED_HERE = """table ip metadata {{
  chain arriving {{
    type nat hook prerouting priority -101; policy accept;
    ip daddr {asked} tcp dport 80 dnat to {here}:{port}
  }}
}}
"""


class Relay(StreamRequestHandler):
    """Hands a connection on to moto, which listens at this computer's loopback alone."""

    target: tuple[str, int] = ("127.0.0.1", 0)

    def handle(self) -> None:
        with socket.create_connection(self.target, timeout=30) as beyond:
            ends = {self.connection: beyond, beyond: self.connection}
            while True:
                for one in select.select(list(ends), [], [], 60)[0]:
                    part = one.recv(65536)
                    if not part:
                        return
                    ends[one].sendall(part)


class Metadata(BaseHTTPRequestHandler):
    """A double of the metadata service; like the real one, it wants a token to be fetched first."""

    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        self._answer(TOKEN)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.send_error(401)
        elif self.path.rstrip("/").endswith("/security-credentials"):
            self._answer("role-of-the-machines")
        else:
            self.asked.append(self.client_address[0])
            keys = {"AccessKeyId": "ASIADOUBLE", "SecretAccessKey": "double", "Token": "double"}
            self._answer(json.dumps({"Code": "Success", **keys, "Expiration": "2099-01-01T00:00:00Z"}))

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


class Server(ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


@dataclass
class Reached:
    """`endpoint`: S3 as machines and this computer reach it; `asked`: who was told the role's keys."""

    endpoint: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def reached(lab: str, moto: str) -> Iterator[Reached]:
    """While a lab is up: its machines reach moto's S3, and its instances the metadata service."""
    here = guard.HOST_END
    relay = type("RelayToMoto", (Relay,), {"target": ("127.0.0.1", urlsplit(moto).port or 0)})
    told = type("MetadataOfLab", (Metadata,), {"asked": []})
    with Server((here, 0), relay) as s3, ThreadingHTTPServer((here, 0), told) as metadata:
        for one in (s3, metadata):
            threading.Thread(target=one.serve_forever, daemon=True).start()
        rules = ANSWERED_HERE.format(asked=METADATA, here=here, port=metadata.server_address[1])
        network.in_fabric(Host(), lab, "nft", "-f", "-", stdin=rules)
        try:
            yield Reached(f"http://{here}:{s3.server_address[1]}", told.asked)  # type: ignore[attr-defined]
        finally:
            for one in (s3, metadata):
                one.shutdown()
