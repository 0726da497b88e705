# SPDX-License-Identifier: Apache-2.0
"""The cloud behind a demonstration, which is a double: moto in place of AWS, and a provider's double for Pulumi's own
engine, which is built when it is missing. Machines behind instances are the lab's."""

from __future__ import annotations

import json
import os
import selectors
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bascule_lab import beside, cloud, state
from bascule_lab.demo import alone
from bascule_lab.demo.commands import FailedError
from bascule_lab.demo.rehearsal import Rehearsal, person
from bascule_lab.errors import CANNOT, LabError
from bascule_lab.lab_file import read_yaml

TOOLS = Path(__file__).parents[3] / "tools" / "pulumi" / "build.py"  # of a checkout; no part of the package
ENGINE_LIMIT_S = 3600.0
START_S = 60.0
ANSWER_S = 30.0
# The secret is taken out of all that is written, so it is no word that anybody writes.
NOBODY = {"AWS_ACCESS_KEY_ID": "double", "AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody"}


@dataclass
class Cloud:
    """What is behind the sites of a rehearsal that are built. `folder`: where state, copy of the policy and logs go."""

    rehearsal: Rehearsal
    folder: Path
    engine: str = ""
    endpoint: str = ""
    double: str = ""
    server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def provide_engine(self) -> None:
        """Find Pulumi's engine, or build it from its own Go modules. Raises LabError when neither can be."""
        found = shutil.which("pulumi")
        if found and shutil.which("pulumi-language-python"):
            self.engine = str(Path(found).parent)
            return
        if not TOOLS.is_file():
            raise LabError("Pulumi is not installed. Install it (https://www.pulumi.com/docs/install/).", CANNOT)
        done = self.rehearsal.commands.must(
            "engine", [*person(), sys.executable, str(TOOLS)], limit_s=ENGINE_LIMIT_S
        )
        self.engine = done.log.read_text(encoding="utf-8").splitlines()[-1].strip()

    def start(self) -> None:
        """Start moto, let the commands of the rehearsal know of it, and begin with a state that knows of nothing."""
        refuse_without_root()
        path = self.rehearsal.commands.must("double", [*person(), *python("bascule_double"), "path"], limit_s=ANSWER_S)
        self.double = path.log.read_text(encoding="utf-8").splitlines()[-1].strip()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        for name in ("state", "engine"):
            state.State(self.rehearsal.policy_id).make_folder(self.folder / name)
        alone.end_left_over(self._noted())
        with open(self.folder / "logs" / "moto.log", "wb") as log:
            self.server = subprocess.Popen(
                [*python("bascule_double"), "serve"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        alone.note(self._noted(), self.server.pid)
        self.endpoint = str(json.loads(first_line(self.server))["endpoint"])
        self.rehearsal.commands.environment |= self.environment()

    def environment(self) -> dict[str, str]:
        """What leads the drivers to the double; nothing in the compiled folder does."""
        first = [self.double, self.engine]
        path = self.rehearsal.commands.environment.get("PATH", os.defpath).split(os.pathsep)
        root = ["sudo", "-n"] if person() else []
        machines = [*root, *python("bascule_lab"), "instance", str(self.rehearsal.policy)]
        return {
            **NOBODY,
            "AWS_ENDPOINT_URL": self.endpoint,
            "BASCULE_DOUBLE_MACHINES": shlex.join(machines),
            "PATH": os.pathsep.join([*first, *(place for place in path if place not in first)]),
            "PULUMI_HOME": str(self.folder / "engine"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }

    def to_compile(self) -> Path:
        """A copy of the policy's folder in which the state is kept in the demonstration's own.

        A real stack of the same name, if somebody has one, is not what a demonstration may touch.
        """
        policy, keeper = self.rehearsal.policy, state.State(self.rehearsal.policy_id)
        written = read_yaml(policy)

        def kept_here(text: str) -> str:
            for site in cloud.sites(written):
                text = text.replace(str(written["sites"][site]["state"]["url"]), f"file://{self.folder / 'state'}")
            return text

        return beside.copied(policy, self.folder / "policy", keeper, kept_here)

    def left(self) -> list[str]:
        """What the account itself says that carries the policy's tag. Raises FailedError when it does not say."""
        asked = [*python("bascule_double"), "left", self.endpoint, self.rehearsal.policy_id]
        told = self.rehearsal.commands.must("left", [*asked, *regions(self.rehearsal.plan)], limit_s=2 * ANSWER_S)
        return [str(arn) for arn in json.loads(told.log.read_text(encoding="utf-8").splitlines()[-1])]

    def stop(self) -> None:
        """End moto; all that was in it is gone."""
        if self.server:
            self.server.terminate()
            try:
                self.server.wait(START_S)
            except subprocess.TimeoutExpired:
                self.server.kill()
        self._noted().unlink(missing_ok=True)

    def _noted(self) -> Path:
        return alone.PLACE / f"demo-{self.rehearsal.policy_id}-cloud.json"


def python(module: str) -> list[str]:
    """How a command of this installation is run."""
    return [sys.executable, "-m", module]


def refuse_without_root() -> None:
    """Raise LabError when the person's own commands may not make machines: the double asks the lab for them, and the
    lab works as root."""
    if person() and subprocess.run([*person(), "sudo", "-n", "true"], capture_output=True, check=False).returncode:
        raise LabError(
            "Machines behind the cloud are made as root, and sudo would ask for a password in the middle of the "
            "demonstration. Start it from a shell of root: sudo -i, then make demo SITE=aws in this folder.",
            CANNOT,
        )


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line that a process prints. Raises FailedError when none comes in time."""
    assert process.stdout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_S) else b""
    if not line.startswith(b"{"):
        process.terminate()
        raise FailedError("The double of AWS did not start; its log, moto.log, says why.")
    return line


def regions(plan: Mapping[str, Any]) -> list[str]:
    """The regions of sites that are built."""
    return sorted({site["cloud"]["region"] for site in plan["sites"].values() if site.get("cloud")})
