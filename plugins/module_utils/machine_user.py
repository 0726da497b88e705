# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user `bascule` of a machine: whom it lets in, for which one command, and what it may run as root."""

from __future__ import annotations

import pwd
import re
from pathlib import Path

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# How an agent of ours reaches the other machine: nothing is asked, no key is taken on trust, silence ends it.
AGENT_SSH = """\
  IdentitiesOnly yes
  UserKnownHostsFile {known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 6
  ControlMaster no
"""
USER, HOME = "bascule", "/var/lib/bascule"
AUTHORIZED = f"{HOME}/.ssh/authorized_keys"
SUDOERS = "/etc/sudoers.d"
LOCK = "/run/lock/bascule-user.lock"
PUBLIC_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+")
COMMAND = re.compile(r"[A-Za-z0-9 ./_=-]+")


def ensure() -> bool:
    """Make the user. No password, no login: a shell it needs, since SSH starts forced commands with it."""
    with machine_files.locked(LOCK, 30, "Another change of the user bascule"):
        machine_files.folder(HOME)
        try:
            pwd.getpwnam(USER)
        except KeyError:
            argv = ["useradd", "--system", "--user-group", "--home-dir", HOME, "--no-create-home", "--shell", "/bin/sh",
                    "--password", "*", "--comment", "Bascule copies", USER]
            machine_run.must(argv, "The user bascule could not be made")
            return True
    return False


def key(path: str, comment: str) -> tuple[str, bool]:
    """The public half of the key at `path`, made when it is missing, and whether it was made."""
    made = not Path(path).is_file()
    if made:
        machine_files.folder(Path(path).parent)
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]
        machine_run.must(argv, "An SSH key for the copies could not be made")
    public = machine_run.must(["ssh-keygen", "-y", "-f", path], f"The SSH key {path} cannot be read")
    return " ".join(public.split()[:2]), made


def line(public: str, command: str, address: str, mark: str) -> str:
    """A line of authorized_keys that lets `public` in from `address` for `command` alone.

    Raises TroubleError when one of them is not of the shape that it must have.
    """
    if not PUBLIC_KEY.fullmatch(public):
        raise TroubleError("What the other machine sent is not a public SSH key. Run the driver again.")
    if not COMMAND.fullmatch(command) or not re.fullmatch(r"[0-9A-Za-z.:-]+", address):
        raise TroubleError(f"The path or address in “{command}” ({address}) has signs that SSH cannot carry.")
    return f'restrict,from="{address}",command="{command}" {public} {mark}'


def replaced(text: str, mark: str, fresh: str) -> str:
    """The text of authorized_keys with the line that bears `mark` replaced by `fresh`; empty: removed."""
    kept = [old for old in text.splitlines() if not old.endswith(f" {mark}")]
    return "".join(f"{one}\n" for one in [*kept, *([fresh] if fresh else [])])


def authorise(mark: str, fresh: str) -> bool:
    """Let one key in, or shut it out with an empty line; True when anything changed."""
    with machine_files.locked(LOCK, 30, "Another change of the user bascule"):
        old = machine_files.read(AUTHORIZED)
        text = replaced(old, mark, fresh)
        if text == old:
            return False
        if not text:
            machine_files.remove(AUTHORIZED)
            return True
        machine_files.folder(Path(AUTHORIZED).parent)
        return machine_files.write(AUTHORIZED, text)


def may_run(name: str, command: str) -> bool:
    """Let the user run one command as root, or no more with an empty one; True when anything changed."""
    target = f"{SUDOERS}/{name}"
    if not command:
        return machine_files.remove(target)
    text = (f'Defaults:{USER} env_keep += "SSH_ORIGINAL_COMMAND", !requiretty\n'
            f"{USER} ALL=(root) NOPASSWD: {command}\n")
    machine_run.must(["visudo", "-c", "-q", "-f", "-"], "sudo would not accept the rule for the copies", stdin=text)
    return machine_files.write(target, text, 0o440)


def forget() -> bool:
    """Remove the user. Raises TroubleError when the system does not let go of it."""
    with machine_files.locked(LOCK, 30, "Another change of the user bascule"):
        machine_files.remove(f"{HOME}/.ssh")
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return False
        machine_run.must(["userdel", USER], "The user bascule could not be removed")
        return True
