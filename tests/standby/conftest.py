# SPDX-License-Identifier: Apache-2.0
"""One question to each machine, many assertions on the answer. Counts go into the run's folder."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import testinfra

HERE = Path(__file__).resolve().parent
LIMIT_S = 60


@lru_cache(maxsize=1)
def request() -> dict[str, Any]:
    """What is to be verified: written by the run."""
    return dict(json.loads(Path(os.environ["BASCULE_VERIFY"]).read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def checks() -> dict[str, Any]:
    """The compiled folder's `checks.json`."""
    return dict(json.loads((Path(request()["folder"]) / "checks.json").read_text(encoding="utf-8")))


def serving_machine(system: str) -> str:
    """The machine that is to serve a system."""
    return str(checks()["systems"][system]["machines"][request()["serving"][system]])


def _address(system: str) -> str:
    """Where a system answers at the side that is to serve it."""
    return str(checks()["systems"][system]["addresses"][request()["serving"][system]])


def host(machine: str) -> Any:
    """A testinfra host; over SSH by the folder's own settings."""
    entry = request()["hosts"][machine]
    if entry["local"]:
        return testinfra.get_host("local://")
    settings = Path(request()["folder"]) / "ssh_config"
    return testinfra.get_host(f"ssh://{machine}?sudo={entry['become']}&timeout=5", ssh_config=str(settings))


def _look(machine: str) -> dict[str, Any]:
    """Send `look.py` with its request; an answer, or `{"error": sentence}`."""
    systems = [name for name in request()["systems"] if serving_machine(name) == machine]
    wanted = {"policy": checks()["policy"]["id"], "state": request()["hosts"][machine]["state"],
              "systems": [{"id": name, "address": _address(name), **checks()["systems"][name]} for name in systems]}
    code, given = ((HERE / "look.py").read_bytes(), json.dumps(wanted).encode())
    script = "import base64,sys; exec(compile(base64.b64decode(sys.argv.pop(1)), 'look', 'exec'))"
    packed = [base64.b64encode(part).decode() for part in (code, given)]
    argv = ["timeout", str(LIMIT_S), "python3", "-c", script, *packed]
    try:
        ended = host(machine).run(shlex.join(argv))
        return dict(json.loads(ended.stdout))
    except Exception as error:
        # Whatever it is, the machine could not be asked: that fails each of its checks, and passes none.
        return {"error": f"{machine} cannot be asked ({type(error).__name__})"}


@lru_cache(maxsize=1)
def answers() -> dict[str, dict[str, Any]]:
    """What all machines that are to serve say, asked at once."""
    machines = sorted({serving_machine(name) for name in request()["systems"]})
    with ThreadPoolExecutor(max_workers=max(1, len(machines))) as pool:
        return dict(zip(machines, pool.map(_look, machines), strict=True))


def found(system: str) -> dict[str, Any]:
    """What the serving machine of a system says about it; fails the check when it could not be asked."""
    answer = answers()[serving_machine(system)]
    if "error" in answer:
        pytest.fail(answer["error"])
    return {**answer["systems"][system], "clock": answer["clock"]}


def asked(activity: str) -> list[dict[str, Any]]:
    """The checks of an activity that are asked; in a simulation none that leaves a record."""
    all_of_them = list(checks()["activities"][activity]["usable_when"])
    return [one for one in all_of_them if one.get("writes", "none") == "none" or not request()["simulated"]]


def ask_observer(activity: str) -> dict[str, Any]:
    """Ask an activity once, from the first observer that answers."""
    watching = [entry["machine"] for entry in checks()["observers"] if request()["reachable"].get(entry["machine"])]
    if not watching:
        pytest.fail("no observer answers")
    machine, values = watching[0], json.loads(os.environ.get("BASCULE_VERIFY_SECRETS", "{}"))
    entry = request()["hosts"][machine]
    home = f"{entry['state']}/{checks()['policy']['id']}"
    wanted = {"activity": activity, "checks": asked(activity), "limit_s": 20,
              "home": f"{home}/observer", "state": home, "secrets": values, "started": 0, "ask": True}
    argv = ["env", f"PYTHONPATH={entry['home']}", "python3", "-m", "bascule_runtime", "ask"]
    if not entry["local"]:
        argv = ["ssh", "-F", "ssh_config", machine, shlex.join([*(["sudo"] if entry["become"] else []), *argv])]
    # Secrets go in by standard input, so they show in no list of processes here or there.
    ended = subprocess.run(argv, input=json.dumps(wanted), cwd=request()["folder"], capture_output=True, text=True,
                           timeout=LIMIT_S, check=False)
    if ended.returncode:
        pytest.fail(f"{machine} cannot ask: {(ended.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return dict(json.loads(ended.stdout)["answer"])


class Counts:
    """Counts of outcomes; a check that failed or was skipped in any phase did not pass."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.problems: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self.outcomes.get(report.nodeid)
        if report.outcome != "passed" or before is None:
            self.outcomes[report.nodeid] = report.outcome
        if report.outcome == "failed":
            text = str(getattr(report.longrepr, "reprcrash", None) and report.longrepr.reprcrash.message)
            self.problems.append(text.splitlines()[0].removeprefix("Failed: ").removeprefix("AssertionError: "))

    def pytest_sessionfinish(self, session: Any) -> None:
        seen = list(self.outcomes.values())
        counts = {"tests": len(seen), "passed": seen.count("passed"), "failed": seen.count("failed"),
                  "skipped": seen.count("skipped"), "problems": self.problems}
        path = Path(request()["run"]) / "verified.json"
        path.write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")


def pytest_configure(config: Any) -> None:
    """Count, whatever else reports."""
    sys.path.insert(0, str(HERE))
    config.pluginmanager.register(Counts())


def pytest_generate_tests(metafunc: Any) -> None:
    """One check for each system or activity in scope."""
    for name in ("system", "activity"):
        if name in metafunc.fixturenames:
            kinds = getattr(metafunc.function, "kinds", None)
            ids = request()[{"system": "systems", "activity": "activities"}[name]]
            ids = [one for one in ids if name == "system" or asked(one)]
            wanted = [i for i in ids if not kinds or kinds(checks()["systems"][i])]
            metafunc.parametrize(name, wanted)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """What applies to nothing in scope is no check; pytest itself would show it as a skipped one."""
    nothing = [item for item in items if "NOTSET" in getattr(getattr(item, "callspec", None), "id", "")]
    items[:] = [item for item in items if item not in nothing]
    config.hook.pytest_deselected(items=nothing)
