# SPDX-License-Identifier: Apache-2.0
"""Runs on the observer's machine: a user at work, who knocks at the door that the activity's name points at.

Who finds it open does the firm's own transaction. After one that went well, an open door is enough for a time: people
of the bench are not to be the load that makes the firm slow.
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
TRUST_S = 2.0
KNOCK_S = 0.4


def door(checks):
    """Name and port at which the activity answers."""
    url = urlsplit(next(check["url"] for check in checks if check["kind"] == "http"))
    return url.hostname, url.port or 80


def open_door(checks):
    """Empty when somebody opens, else why nobody does."""
    try:
        socket.create_connection(door(checks), KNOCK_S).close()
    except OSError as error:
        return str(error) or type(error).__name__
    return ""


def work(settings, activity, ended):
    """Ask until the end. Once a door was shut, only a whole transaction is good again."""
    checks, trusted_until = settings["activities"][activity], 0.0
    while not ended.is_set():
        asked, shut = time.time(), open_door(checks)
        answer = {"ok": not shut, "reason": shut}
        if not shut and asked >= trusted_until:
            answer = probe.ask_all(checks, Path(settings["checks"]), settings["secrets"], marked=True)
            trusted_until = time.time() + TRUST_S
        trusted_until = trusted_until if answer["ok"] else 0.0
        line = {"activity": activity, "asked": asked, "t": time.time(), "ok": answer["ok"], "reason": answer["reason"]}
        print(json.dumps(line), flush=True)
        ended.wait(EVERY_S)


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
