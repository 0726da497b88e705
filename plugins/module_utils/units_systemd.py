# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd units: ours are written and removed here; the firm's are only started, stopped, enabled and disabled."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

FOLDER = Path("/etc/systemd/system")
PROPERTIES = ("LoadState", "ActiveState", "SubState", "FragmentPath", "Result")
# Where systemd keeps the units that it makes of scripts in /etc/init.d.
GENERATED = "/run/systemd/generator"
THERE, QUIET = ("loaded", "masked"), ("inactive", "failed")
# What `systemctl enable` can change; static and generated units start only when something asks for them.
SWITCHABLE = ("enabled", "enabled-runtime", "disabled", "linked")


def shown(unit: str) -> dict[str, str]:
    """What systemd knows of a unit, by property name."""
    argv = ["systemctl", "show", "--property", ",".join(PROPERTIES), "--", unit]
    text = machine_run.must(argv, f"systemd does not answer about {unit}", limit_s=15)
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def exists(unit: str) -> bool:
    return shown(unit).get("LoadState") in THERE


def active(unit: str) -> bool:
    return shown(unit).get("ActiveState") == "active"


def quiet(unit: str) -> bool:
    """Whether nothing of the unit runs."""
    return shown(unit).get("ActiveState") in QUIET


def reload() -> None:
    machine_run.must(["systemctl", "daemon-reload"], "systemd could not read its units again", limit_s=60)


def put(texts: dict[str, str]) -> bool:
    """Write unit files of ours, by name; True when any differed. systemd has read them when this returns."""
    changed = [name for name, text in texts.items() if machine_files.write(FOLDER / name, text)]
    if changed:
        reload()
    return bool(changed)


def start(unit: str, limit_s: float) -> bool:
    """Start a unit and wait until it is active; True when it was not. Raises TroubleError when it fails to."""
    state = shown(unit).get("ActiveState")
    if state == "active":
        return False
    if state == "failed":
        machine_run.run(["systemctl", "reset-failed", "--", unit], limit_s=15)
    machine_run.must(["systemctl", "start", "--no-block", "--", unit], f"{unit} could not be started", limit_s=15)
    state = machine_run.wait_until(lambda: _settled(unit), limit_s)
    if state == "active":
        return True
    why = "it failed" if state == "failed" else f"it was not running after {limit_s:g} s"
    raise TroubleError(f"{unit} was started but {why}. See: journalctl -u {unit}")


def _settled(unit: str) -> str:
    seen = shown(unit)
    if seen.get("LoadState") != "loaded":
        raise TroubleError(f"There is no unit {unit} on this machine that can be started. Install it, then run again.")
    state = seen.get("ActiveState", "")
    if state == "active":
        return "active"
    # A service that restarts by itself is "activating (auto-restart)" between its attempts: not settled.
    return "failed" if state == "failed" else ""


def stop(unit: str, limit_s: float) -> bool:
    """Stop a unit and wait until nothing of it runs; True when it ran. Raises TroubleError at the limit."""
    if quiet(unit):
        return False
    machine_run.must(["systemctl", "stop", "--no-block", "--", unit], f"{unit} could not be stopped", limit_s=15)
    if not machine_run.wait_until(lambda: quiet(unit), limit_s):
        raise TroubleError(f"{unit} still runs {limit_s:g} s after it was told to stop. See: journalctl -u {unit}")
    return True


def at_boot(unit: str, wanted: bool) -> bool:
    """Let a unit start with the machine or not; True when that changed."""
    state = boot_state(unit)
    if state not in SWITCHABLE or state.startswith("enabled") == wanted:
        return False
    verb = "enable" if wanted else "disable"
    # Nothing but a boot reads it, and systemd needs a second to read all its units again while users wait.
    argv = ["systemctl", "--no-reload", verb, "--quiet", "--", unit]
    if not shown(unit).get("FragmentPath", "").startswith(GENERATED):
        # A script in /etc/init.d counts only where there is no unit; moving its links takes half a second.
        argv = ["env", "SYSTEMCTL_SKIP_SYSV=1", *argv]
    machine_run.must(argv, f"{unit} could not be {verb}d at boot", limit_s=60)
    return True


def enabled(unit: str) -> bool:
    return boot_state(unit).startswith("enabled")


def boot_state(unit: str) -> str:
    """`enabled`, `disabled`, `static`…: as the files say it; systemd itself keeps what it read before."""
    lines = machine_run.run(["systemctl", "is-enabled", "--", unit], limit_s=15).out.split()
    return lines[-1] if lines else ""


def run_always(unit: str, limit_s: float = 30) -> bool:
    """Start a unit now and with the machine."""
    return any([at_boot(unit, True), start(unit, limit_s)])


def end(unit: str, limit_s: float) -> tuple[bool, bool]:
    """Let a unit, if it is there, start with the machine no more, and stop it: which of the two changed anything."""
    seen = shown(unit)
    if seen.get("LoadState") not in THERE:
        return False, False
    return at_boot(unit, False), seen.get("ActiveState") not in QUIET and stop(unit, limit_s)


def run_never(unit: str, limit_s: float = 90) -> bool:
    """Stop a unit now and let it not start with the machine."""
    return any(end(unit, limit_s))


def remove(names: Iterable[str]) -> bool:
    """Stop, disable and remove unit files of ours."""
    present = [name for name in names if (FOLDER / name).exists()]
    for name in present:
        run_never(name)
    for name in present:
        machine_files.remove(FOLDER / name)
        machine_run.run(["systemctl", "reset-failed", "--", name], limit_s=15)
    if present:
        reload()
    return bool(present)
