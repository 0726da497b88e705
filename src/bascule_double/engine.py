# SPDX-License-Identifier: Apache-2.0
"""The way back to the engine: lines that the person who runs Pulumi sees."""

from __future__ import annotations

import sys

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

LIMIT_S = 5.0


class Engine:
    """The engine that started the double, at an address; without one, lines go to standard error."""

    def __init__(self, address: str | None) -> None:
        self.stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None

    def warn(self, message: str, urn: str = "") -> None:
        """Show a warning, at a resource when `urn` names one."""
        if not self.stub:
            print(message, file=sys.stderr, flush=True)
            return
        line = engine_pb2.LogRequest(severity=engine_pb2.LogSeverity.WARNING, message=message, urn=urn)
        self.stub.Log(line, timeout=LIMIT_S)
