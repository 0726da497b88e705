# SPDX-License-Identifier: Apache-2.0
"""Runs on a machine, as one question: says what is there, as JSON on standard output. Reads only.

Standard library, Python 3.9 or later; the request comes as the first argument, base64 of JSON.
"""

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time

SAMPLE_FILES = 200


def run(*argv, **options):
    """Exit code and output of a program, within ten seconds."""
    try:
        ended = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10, check=False, cwd="/",
                               **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return ended.returncode, ended.stdout.decode("utf-8", "replace").strip()


def unit(name):
    """How systemd says that a unit is."""
    return run("systemctl", "is-active", name)[1]


def port(number, at):
    """Whether something answers a connection to a port: of this machine, or of a guest that runs on it."""
    try:
        with socket.create_connection((at, number), timeout=3):
            return True
    except OSError:
        return False


def tree(path):
    """Whether a folder is there, how many files it has, and a digest of some of them."""
    count, digest = 0, hashlib.sha256()
    for where, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            count += 1
            if count <= SAMPLE_FILES:
                full = os.path.join(where, name)
                try:
                    with open(full, "rb") as stream:
                        digest.update(stream.read(65536))
                except OSError as error:
                    return {"there": True, "files": count, "unreadable": f"{full}: {error.strerror}"}
    return {"there": os.path.isdir(path), "files": count, "sample": digest.hexdigest(), "unreadable": ""}


def cluster(label):
    """What a PostgreSQL cluster is at the moment: writable, data bases, newest heartbeat of ours."""
    code, said = run("pg_lsclusters", "--no-header")
    wanted = label.split("/")
    rows = [line.split() for line in said.splitlines() if line.split()[:2] == wanted] if not code else []
    if not rows:
        return {"there": False}
    at, owner = rows[0][2], rows[0][4]
    ask = ["psql", "-XAtq", "-p", at, "-d"]
    if os.geteuid() == 0:
        ask = ["runuser", "-u", owner, "--", *ask]
    writable = run(*ask, "postgres", "-c", "select not pg_is_in_recovery()")[1]
    names = run(*ask, "postgres", "-c", "select count(*) from pg_database where not datistemplate")[1]
    beat = run(*ask, "bascule", "-c", "select extract(epoch from max(at)) from heartbeat")
    return {"there": True, "port": int(at), "writable": writable == "t",
            "databases": int(names) if names.isdigit() else 0,
            "heartbeat": float(beat[1]) if not beat[0] and re.fullmatch(r"[0-9.]+", beat[1]) else None}


def guest(name):
    """What libvirt says of a guest of this host, in its own words."""
    return run("virsh", "-q", "-c", "qemu:///system", "domstate", name, env={**os.environ, "LC_ALL": "C"})[1]


def heartbeat(state, policy, system):
    """When the heartbeat file of a system was written last, or None."""
    try:
        return os.stat(os.path.join(state, policy, "heartbeat", system)).st_mtime
    except OSError:
        return None


def marker(state, policy, group):
    """The marker of a group on this machine, or None."""
    try:
        with open(os.path.join(state, policy, "groups", f"{group}.json"), encoding="utf-8") as stream:
            return json.load(stream)
    except OSError:
        return None


def main():
    """Answer the request: `{"policy", "state", "systems": [{"id", "type", "group", "settings", "address"}]}`."""
    request = json.loads(base64.b64decode(sys.argv[1]))
    found = {}
    for system in request["systems"]:
        settings, entry = system["settings"], {}
        at = system["address"] if settings.get("guest") else "127.0.0.1"
        answers = settings.get("answers") or {}
        entry["units"] = {name: unit(name) for name in settings.get("units") or []}
        entry["ports"] = {str(answers["port"]): port(answers["port"], at)} if answers.get("port") else {}
        entry["trees"] = {path: tree(path) for path in (settings.get("paths") or settings.get("state") or [])}
        if settings.get("cluster"):
            entry["cluster"] = cluster(settings["cluster"])
        if settings.get("guest"):
            entry["guest"] = guest(settings["guest"])
        entry["heartbeat"] = heartbeat(request["state"], request["policy"], system["id"])
        entry["marker"] = marker(request["state"], request["policy"], system["group"])
        found[system["id"]] = entry
    sys.stdout.write(json.dumps({"clock": time.time(), "systems": found}))


if __name__ == "__main__":
    main()
