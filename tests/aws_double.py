# SPDX-License-Identifier: Apache-2.0
"""What tests under the marker `engine` share: the real Pulumi engine, and the double of AWS behind it.

The fixture is in conftest.py:

    @pytest.mark.engine
    def test_something(aws_double: AwsDouble, tmp_path: Path) -> None:
        run(["pulumi", …], env=aws_double.environment(tmp_path))
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REGION = "eu-west-3"
PASSPHRASE = "a-passphrase-of-tests"
# What must not come in from the computer that tests run on.
FOREIGN = ("AWS_", "PULUMI_", "BASCULE_DOUBLE_")


@dataclass(frozen=True)
class AwsDouble:
    """A running moto (`endpoint`), the folder of the engine's programs, and the folder of the double's executable."""

    endpoint: str
    engine: Path
    double: Path

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """An environment in which `pulumi` finds the double; its state and its own files lie under `home`."""
        (home / "state").mkdir(parents=True, exist_ok=True)
        path = [self.double, self.engine, Path(sys.executable).parent, os.environ["PATH"]]
        own = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        return {
            **own,
            "PATH": os.pathsep.join(map(str, path)),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "double",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody",
            "AWS_REGION": REGION,
            "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(home / "pulumi"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            **more,
        }

    def reset(self) -> None:
        """Forget all that was made in moto."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()


def engine_folder() -> Path:
    """The folder of the engine's programs; builds it when it is missing, which takes minutes."""
    build = [sys.executable, str(ROOT / "tools" / "pulumi" / "build.py")]
    ended = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True, timeout=3600)
    return Path(ended.stdout.strip())


@contextmanager
def serving(**more: str) -> Iterator[str]:
    """A moto of its own on a free port, as `bascule-double serve` runs it; gives its endpoint."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    environment = {**own, "AWS_ACCESS_KEY_ID": "double", "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody", **more}
    command = [sys.executable, "-m", "bascule_double", "serve"]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=nothing, text=True, env=environment) as child:
        try:
            assert child.stdout
            yield json.loads(child.stdout.readline())["endpoint"]
        finally:
            child.terminate()


@contextmanager
def running(**more: str) -> Iterator[AwsDouble]:
    """The engine, the double, and a moto of its own; `more` is environment of moto."""
    engine = engine_folder()
    shown = [sys.executable, "-m", "bascule_double", "path"]
    double = Path(subprocess.run(shown, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout.strip())
    with serving(**more) as endpoint:
        yield AwsDouble(endpoint, engine, double)
