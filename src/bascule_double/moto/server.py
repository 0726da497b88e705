# SPDX-License-Identifier: Apache-2.0
"""moto in the foreground, for a program, a test or a person: says when it is ready, ends at SIGTERM or Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bascule_double import SAYS
from bascule_double.errors import CANNOT, DoubleError

HOST = "127.0.0.1"
# What moto checks only when it is told to.
SETTINGS = {
    "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",
}
# These it reads when it is imported, which a program may have done before.
CHECKS = ("EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "ENABLE_AMI_VALIDATION", "ENABLE_KEYPAIR_VALIDATION")


def server(port: int) -> Any:
    """A server at a port of this computer, 0 for a free one; `serve_forever` runs it. Raises DoubleError."""
    os.environ.update(SETTINGS)
    try:
        from moto import settings
        from moto.moto_server import werkzeug_app
    except ImportError:
        raise DoubleError(
            "moto is not installed: pip install 'moto[server]', or bascule's extra `dev`.", CANNOT
        ) from None
    from werkzeug.serving import make_server

    from bascule_double.moto import cures

    for name in CHECKS:
        setattr(settings, name, True)
    cures.apply()
    application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    try:
        made = make_server(
            HOST, port, application, threaded=True, request_handler=quiet(werkzeug_app.MotoRequestHandler)
        )
    except (OSError, SystemExit):
        raise DoubleError(f"Nothing can listen at {HOST}:{port}: another program does, or it is not allowed.") from None
    os.environ["MOTO_PORT"] = str(made.server_port)
    return made


def quiet(handler: type[Any]) -> type[Any]:
    """A handler that writes no line for each request."""

    class Quiet(handler):  # type: ignore[misc]
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    return Quiet


def serve(port: int) -> None:
    """Run in the foreground. The first line of output is JSON: `{"endpoint": …, "provider": "double"}`."""
    made = server(port)
    endpoint = f"http://{HOST}:{made.server_port}"
    with ending(made):
        print(json.dumps({"endpoint": endpoint, "provider": "double"}), flush=True)
        print(
            f"{SAYS}: moto is ready at {endpoint}; nothing of it is AWS, and all of it is forgotten at the end.\n"
            f"  AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=double AWS_SECRET_ACCESS_KEY=a-secret-of-nobody",
            file=sys.stderr,
            flush=True,
        )
        made.serve_forever(poll_interval=0.1)


@contextmanager
def ending(made: Any) -> Iterator[None]:
    """SIGTERM and SIGINT end the server in good order."""

    def stop(_number: int, _frame: Any) -> None:
        raise SystemExit(0)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    try:
        yield
    finally:
        made.server_close()
