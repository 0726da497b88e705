# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has for the link: programs, which are installed where that can be done, the kernel, its interfaces."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Optional

from ansible_collections.bascule.continuity.plugins.module_utils import machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.link_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.link_texts import Here
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# Program -> the package that brings it, by the program that installs packages.
PACKAGES = {"ip": "iproute2", "wg": "wireguard-tools", "wireguard-go": "wireguard-go", "sysctl": "procps"}
OTHER_NAMES = {"dnf": {"iproute2": "iproute", "procps": "procps-ng"}, "zypper": {}}
INSTALLERS = {
    "apt-get": (["apt-get", "update", "-qq"],
                ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
                 "--no-install-recommends"]),
    "dnf": (None, ["dnf", "install", "-y", "-q"]),
    "zypper": (None, ["zypper", "--non-interactive", "--quiet", "install"]),
}
INSTALL_LIMIT_S = 300


def look(job: Job) -> Here:
    """What this machine is like; programs that are missing are installed. Raises TroubleError naming what is not there.
    """
    require(job, ["ip"])
    if job.near:
        return Here({"ip": path_of("ip")}, False, "", False, False)
    require(job, ["wg", "sysctl"])
    kernel = in_kernel(f"{job.interface[:12]}-k")
    if not kernel:
        require(job, ["wireguard-go"])
        if not os.path.exists("/dev/net/tun"):
            raise TroubleError(f"{job.machine} has no WireGuard in its kernel and no /dev/net/tun, so no tunnel can "
                               "end there. Load the module tun, or let another machine be the end of the link.")
    lan, own = interface_of(str(job.link["own"]))
    tools = {name: path_of(name) for name in (*PACKAGES,) if shutil.which(name, path=machine_run.PATH)}
    return Here(tools, kernel, lan, own, bool(job.known().get("forwards", not passes_on(lan))))


def require(job: Job, programs: list[str]) -> None:
    """Install what is missing of some programs. Raises TroubleError when that cannot be done."""
    missing = [PACKAGES[name] for name in programs if not shutil.which(name, path=machine_run.PATH)]
    if not missing:
        return
    installer = next((name for name in INSTALLERS if shutil.which(name, path=machine_run.PATH)), None)
    why = "it has no package manager that is known here"
    if installer:
        update, install = INSTALLERS[installer]
        names = [OTHER_NAMES.get(installer, {}).get(name, name) for name in missing]
        if update:
            machine_run.run(update, limit_s=INSTALL_LIMIT_S)
        ended = machine_run.run([*install, *names], limit_s=INSTALL_LIMIT_S)
        if ended.code == 0:
            job.did(f"installed {', '.join(names)}")
            return
        why = f"{installer} says: {ended.reason}"
    raise TroubleError(f"{job.machine} lacks {', '.join(missing)} for the link, and {why}. Install that there, "
                       "then start again.")


def path_of(program: str) -> str:
    """The whole path of a program that is there."""
    return str(shutil.which(program, path=machine_run.PATH))


def in_kernel(trial: str) -> bool:
    """Whether the kernel makes tunnels itself: an interface is made for a moment."""
    made = machine_run.run(["ip", "link", "add", "dev", trial, "type", "wireguard"]).code == 0
    if made:
        machine_run.run(["ip", "link", "delete", "dev", trial])
    return made


def interface_of(address: str) -> tuple[str, bool]:
    """The interface on which packets for this machine arrive, and whether `address` stands on it."""
    for link in asked("address"):
        if any(entry.get("local") == address for entry in link.get("addr_info") or []):
            return str(link["ifname"]), True
    default = [route for route in asked("route", "show", "default") if route.get("dev")]
    if not default:
        raise TroubleError(f"This machine has neither the address {address} nor a way out. Look at its network.")
    return str(default[0]["dev"]), False


def passes_on(interface: str) -> bool:
    """Whether packets that arrive on an interface are passed on, by the will of whoever looks after this machine."""
    return Path(f"/proc/sys/net/ipv4/conf/{interface}/forwarding").read_text(encoding="ascii").strip() == "1"


def asked(*words: str) -> list[dict[str, Any]]:
    """What `ip -json` says."""
    ended = machine_run.run(["ip", "-4", "-json", *words])
    return list(json.loads(ended.out)) if ended.code == 0 and ended.out.strip() else []


def rule_numbers() -> list[int]:
    """The numbers of all rules for routes."""
    return [int(rule["priority"]) for rule in asked("rule", "show") if "priority" in rule]


def leads(network: str, gateway: str) -> bool:
    """Whether a route to exactly this network goes through that machine."""
    return any(route.get("gateway") == gateway for route in way_to(network))


def way_to(network: str, table: Optional[int] = None) -> list[dict[str, Any]]:
    """The routes to exactly this network, in the usual table or in that of a number."""
    exact = network[:-3] if network.endswith("/32") else network
    words = ["table", str(table)] if table else []
    return [route for route in asked("route", "show", *words) if route.get("dst") == exact]
