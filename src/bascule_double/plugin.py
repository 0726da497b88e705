# SPDX-License-Identifier: Apache-2.0
"""What the executable `pulumi-resource-aws` runs: serves the engine that started it, until that ends it.

Its one argument is the engine's address; its first line of output is the port at which it listens.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from bascule_double.engine import Engine
from bascule_double.service import Service

THREADS = 32
# The engine sends states of thousands of resources.
LARGEST_BYTES = 400 * 1024 * 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    words = sys.argv[1:] if argv is None else list(argv)
    address = next((word for word in words if not word.startswith("-")), None)
    # Asking the instance that this may run on for credentials would take seconds, and find none.
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    options = [("grpc.max_receive_message_length", LARGEST_BYTES), ("grpc.max_send_message_length", LARGEST_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(Engine(address)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: server.stop(0.2))
    print(port, flush=True)
    server.wait_for_termination()
    return 0


if __name__ == "__main__":
    sys.exit(main())
