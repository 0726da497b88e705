# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the package `bascule_runtime`, as an action packed it, where agents of this machine find it."""

from __future__ import annotations

import base64
import fcntl
import io
import os
import shutil
import tarfile

HOME = "/usr/local/lib/bascule"
PACKAGE = "bascule_runtime"


def install(packed, home=HOME):
    """Unpack the base64 tar `packed` to `home`; returns whether anything changed. Running agents keep the old files.

    Several systems of one machine are prepared at once: they take turns.
    """
    os.makedirs(home, mode=0o755, exist_ok=True)
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    before = os.umask(0o022)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return _install(packed, home)
    finally:
        os.umask(before)
        os.close(descriptor)


def _install(packed, home):
    content = base64.b64decode(packed)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        wanted = {entry.name: archive.extractfile(entry).read() for entry in archive.getmembers() if entry.isfile()}
    strange = [name for name in wanted if not name.startswith(PACKAGE + "/") or ".." in name.split("/")]
    if strange:
        raise ValueError("the packed runtime holds a file that does not belong to it: " + strange[0])
    if wanted == _present(os.path.join(home, PACKAGE)):
        return False
    fresh, old = os.path.join(home, "." + PACKAGE + ".new"), os.path.join(home, "." + PACKAGE + ".old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    for name, data in wanted.items():
        path = os.path.join(fresh, os.path.relpath(name, PACKAGE))
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(data)
        os.chmod(path, 0o644)
    if os.path.isdir(os.path.join(home, PACKAGE)):
        os.rename(os.path.join(home, PACKAGE), old)
    os.rename(fresh, os.path.join(home, PACKAGE))
    shutil.rmtree(old, ignore_errors=True)
    return True


def _present(folder):
    found = {}
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            path = os.path.join(where, name)
            with open(path, "rb") as stream:
                found[os.path.join(PACKAGE, os.path.relpath(path, folder))] = stream.read()
    return found
