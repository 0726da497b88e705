# SPDX-License-Identifier: Apache-2.0
"""Runs on the observer's machine: a user at work, who knocks at the door that the activity's name points at.

Who finds it open does the firm's own transaction.
Arguments: the observer's settings, then activities. Writes one JSON line an answer; ends when standard input does.
"""

import json
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from bascule_runtime import probe

EVERY_S = 0.1
PAUSE_S = 0.5  # between two transactions that went well: a user, not a load
KNOCK_S = 0.4


def door(checks):
    """Name and port at which the activity answers."""
    url = urlsplit(next(check["url"] for check in checks if check["kind"] == "http"))
    return url.hostname, url.port or 80


def ask(checks, settings):
    """One answer: the knock's, or that of the whole transaction behind an open door."""
    try:
        socket.create_connection(door(checks), KNOCK_S).close()
    except OSError as error:
        return {"ok": False, "reason": str(error)}
    return probe.ask_all(checks, Path(settings["checks"]), settings["secrets"], marked=True)


def work(settings, activity, ended):
    """Ask until the end; a good answer is followed by a pause."""
    while not ended.is_set():
        asked = time.time()
        answer = ask(settings["activities"][activity], settings)
        line = {"activity": activity, "asked": asked, "t": time.time(), "ok": answer["ok"], "reason": answer["reason"]}
        print(json.dumps(line), flush=True)
        ended.wait(PAUSE_S if answer["ok"] else EVERY_S)


def main():
    """Entry."""
    settings, ended = probe.load(sys.argv[1]), threading.Event()
    people = [threading.Thread(target=work, args=(settings, name, ended)) for name in sys.argv[2:]]
    for person in people:
        person.start()
    sys.stdin.read()
    ended.set()
    for person in people:
        person.join()


main()
