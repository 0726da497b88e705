# SPDX-License-Identifier: Apache-2.0
"""Plan to `ssh_config` and `known_hosts`: how each machine is reached, and nothing else of the user's own settings."""

from __future__ import annotations

from bascule.emit.tree import FolderError
from bascule.plan import Machine, Plan

# Three seconds of silence end a connection: one that was shared, to a dead machine, hung every later one for a minute.
_ALL = """\
Host *
  UserKnownHostsFile {known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 3
  ServerAliveInterval 1
  ServerAliveCountMax 3
  ControlMaster auto
  ControlPath ~/.bascule/cm-%C
  ControlPersist 60
"""
_WAY = [
    ("ProxyCommand", "env PYTHONPATH=lib python3 -m bascule_runtime way %h %p"),
    ("ProxyUseFdpass", "yes"),
]


def ssh_config(plan: Plan) -> str:
    """Given a plan, return `ssh_config`. Raise FolderError for text that ssh cannot be given safely."""
    # Machines that are built have keys that nobody could pin before: those of the first contact lie with the outputs.
    files = "known_hosts outputs/known_hosts" if any(site.cloud for site in plan.sites.values()) else "known_hosts"
    blocks = "".join(_block(plan, name, machine) + "\n" for name, machine in plan.machines.items())
    return blocks + _ALL.format(known_hosts=files)


def known_hosts(plan: Plan, pinned: str) -> str:
    """Given a plan and the lines that the firm has pinned, return `known_hosts`: each line once, sorted."""
    lines = {line.strip() for line in pinned.splitlines() if line.strip() and not line.lstrip().startswith("#")}
    lines.update(
        f"{host_pattern(machine.address, machine.port)} {machine.host_key}"
        for machine in plan.machines.values()
        if machine.host_key
    )
    return "".join(line + "\n" for line in sorted(lines))


def host_pattern(address: str, port: int) -> str:
    """Given where a machine answers, return how `known_hosts` names it."""
    return address if port == 22 else f"[{address}]:{port}"


def _block(plan: Plan, name: str, machine: Machine) -> str:
    key = plan.secrets[machine.key.secret].get("file") if machine.key else None
    # Ansible connects to the address, people to the name.
    rows = [("HostName", machine.address), ("Port", str(machine.port)), ("User", _word(machine.user))]
    rows += [("IdentityFile", _word(key)), ("IdentitiesOnly", "yes")] if key else []
    rows += [("ProxyJump", machine.via)] if machine.via else []
    # What is built is reached by the link where it leads there, else through the machine at which the link ends.
    rows += _WAY if plan.sites[machine.site].cloud and not machine.via else []
    return f"Host {name} {machine.address}\n" + "".join(f"  {keyword} {value}\n" for keyword, value in rows)


def _word(text: str) -> str:
    # ssh has no escape for a quote inside quotes before 8.7, and expands %; a line break would start another setting.
    if any(not character.isprintable() or character in "\"\\'" for character in text):
        raise FolderError(
            f"{text!r} cannot stand in an ssh configuration; take quotes, backslashes and line breaks out of it"
        )
    escaped = text.replace("%", "%%")
    return f'"{escaped}"' if " " in escaped or "#" in escaped else escaped
