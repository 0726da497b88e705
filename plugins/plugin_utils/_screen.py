# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the screen during a run: its progress, shown by a process of its own that reads the journal.

Ansible's own words go into the run's folder meanwhile. A process, since a thread would be copied into Ansible's workers
with its locks; and so that what is shown is what `bascule watch` shows.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

from ansible import constants
from ansible.utils import color
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import package_folder

LOG = "ansible.log"
LIMIT_S = 5
START = ("import sys; sys.path.insert(0, sys.argv.pop(1)); from bascule_runtime import follow; "
         "sys.exit(follow.main(sys.argv[1:]))")


def wanted(cli: Any) -> bool:
    """Whether nobody asked for Ansible's own words on the screen: by -v, by --diff, or by a callback chosen."""
    _callback, origin = constants.config.get_config_value_and_origin("DEFAULT_STDOUT_CALLBACK")
    return not (cli.get("verbosity") or cli.get("diff") or str(origin).startswith("env"))


class Screen:
    """Until `close`, standard output (and error, where both are one terminal) belong to the progress."""

    def __init__(self, folder: Path) -> None:
        self.log, self._owner, self._saved = folder / LOG, os.getpid(), {}
        out = os.dup(1)
        for number in (1, 2) if os.isatty(1) and os.isatty(2) else (1,):
            self._saved[number] = os.dup(number)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        ours, self._line = os.pipe()
        argv = [sys.executable, "-I", "-S", "-c", START, str(package_folder().parent), "--attached", str(folder)]
        self._process: Optional[subprocess.Popen[bytes]] = subprocess.Popen(argv, stdin=ours, stdout=out, stderr=log)
        sys.stdout.flush()
        sys.stderr.flush()
        for number in self._saved:
            os.dup2(log, number)
        for number in (ours, out, log):
            os.close(number)
        # A log is read by people and programs; what is a terminal now is no longer where this is written to.
        self._colour, color.ANSIBLE_COLOR = color.ANSIBLE_COLOR, False
        atexit.register(self._broke_off)

    def close(self) -> None:
        """Let the progress draw its end, and give the screen back."""
        process, self._process = self._process, None
        if process is None or os.getpid() != self._owner:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(self._line)
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for number, saved in self._saved.items():
            os.dup2(saved, number)
            os.close(saved)
        color.ANSIBLE_COLOR = self._colour

    def _broke_off(self) -> None:
        """Ansible ended without an end of the playbook: what it said last is nowhere else."""
        if self._process is None or os.getpid() != self._owner:
            return
        self.close()
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        sys.stderr.write("\n".join([*lines[-12:], f"The run broke off. All that Ansible said: {self.log}"]) + "\n")
