# SPDX-License-Identifier: Apache-2.0
"""Doubles of virsh, qemu-img, virtnbdbackup, virtnbdrestore, restic and ping, by their names.

Nothing here is a hypervisor. `state.json` below `ROOT` holds the guests; an image is a JSON file: its data, and what is
below it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path()


def load() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((ROOT / "state.json").read_text())
    return data


def save(state: dict[str, Any]) -> None:
    (ROOT / "state.json").write_text(json.dumps(state))


def fail(text: str, code: int = 1) -> None:
    sys.stderr.write(f"error: {text}\n")
    sys.exit(code)


def words_after(words: list[str], flag: str) -> list[str]:
    return [words[i + 1] for i, word in enumerate(words) if word == flag]


class Virsh:
    """One method a command; underscores for hyphens."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state, self.guests = state, state["guests"]

    def call(self, words: list[str]) -> None:
        command, rest = words[0], words[1:]
        refused = self.state.get("refuses", {}).get(command)
        if refused:
            fail(refused)
        getattr(self, command.replace("-", "_"))(rest)
        save(self.state)

    def guest(self, name: str) -> dict[str, Any]:
        if name not in self.guests:
            fail(f"failed to get domain '{name}'")
        return self.guests[name]

    def list(self, words: list[str]) -> None:
        print("\n".join(self.guests))

    def domstate(self, words: list[str]) -> None:
        print(self.guest(words[0])["state"])

    def dumpxml(self, words: list[str]) -> None:
        print(self.guest(words[0])["xml"])

    def define(self, words: list[str]) -> None:
        text = Path(words[0]).read_text()
        name = re.search(r"<name>(.*?)</name>", text)[1]
        self.guests[name] = {"state": "shut off", **self.guests.get(name, {}), "xml": text}

    def autostart(self, words: list[str]) -> None:
        self.guest(words[-1])["autostart"] = "--disable" not in words

    def undefine(self, words: list[str]) -> None:
        del self.guests[words[0]]

    def start(self, words: list[str]) -> None:
        self.guest(words[0])["state"] = "running"

    def shutdown(self, words: list[str]) -> None:
        guest = self.guest(words[0])
        if guest.get("hears", True):
            guest["state"] = "shut off"

    def destroy(self, words: list[str]) -> None:
        self.guest(words[0])["state"] = "shut off"

    def qemu_agent_command(self, words: list[str]) -> None:
        answers = self.guest(words[0]).get("agent", True)
        if answers is None:
            fail("argument unsupported: QEMU guest agent is not configured")
        if not answers:
            fail("Guest agent is not responding: QEMU guest agent is not connected")

    def snapshot_create_as(self, words: list[str]) -> None:
        guest = self.guest(words[0])
        if "--quiesce" in words and guest.get("frozen_fails"):
            fail("unable to execute QEMU agent command 'guest-fsfreeze-freeze'")
        for spec in words_after(words, "--diskspec"):
            if "file=" in spec:
                new = spec.partition("file=")[2]
                old = new.rpartition(".")[0]
                Path(new).write_text(json.dumps({"data": "", "below": old}))
                guest["xml"] = guest["xml"].replace(f"'{old}'", f"'{new}'")

    def blockjob(self, words: list[str]) -> None:
        pass

    def blockcommit(self, words: list[str]) -> None:
        guest = self.guest(words[0])
        for new in re.findall(r"file='([^']*\.bascule-point)'", guest["xml"]):
            top = json.loads(Path(new).read_text())
            base = json.loads(Path(top["below"]).read_text())
            Path(top["below"]).write_text(json.dumps({**base, "data": base["data"] + top["data"]}))
            guest["xml"] = guest["xml"].replace(f"'{new}'", f"'{top['below']}'")

    def checkpoint_list(self, words: list[str]) -> None:
        print("\n".join(self.guest(words[0]).get("checkpoints", [])))

    def checkpoint_delete(self, words: list[str]) -> None:
        self.guest(words[0])["checkpoints"].remove(words[1])

    def qemu_monitor_command(self, words: list[str]) -> None:
        guest, asked = self.guest(words[0]), json.loads(words[1])
        bitmaps = [{"name": name} for name in guest.get("bitmaps", [])]
        if asked["execute"] == "query-named-block-nodes":
            print(json.dumps({"return": [{"node-name": "libvirt-1-format", "dirty-bitmaps": bitmaps}]}))
        else:
            guest["bitmaps"].remove(asked["arguments"]["name"])

    def net_list(self, words: list[str]) -> None:
        print("\n".join(self.state["networks"]))

    def nodeinfo(self, words: list[str]) -> None:
        print(f"CPU model: x86_64\nMemory size: {self.state['memory_kib']} KiB")

    def domcapabilities(self, words: list[str]) -> None:
        print("<domainCapabilities><cpu><mode name='maximum' supported='yes'/><mode name='custom' supported='yes'>"
              "<model usable='yes'>qemu64</model></mode></cpu></domainCapabilities>")

    def version(self, words: list[str]) -> None:
        print("Running against daemon: 9.0.0")


def virsh(words: list[str]) -> None:
    Virsh(load()).call(words[words.index("qemu:///system") + 1:])


def layers(file: str) -> list[dict[str, Any]]:
    found = []
    while file:
        entry = json.loads(Path(file).read_text())
        found.append({"filename": file, "format": "qcow2", "virtual-size": 1 << 30, "actual-size": len(entry["data"])})
        below = entry.get("below")
        file = str(Path(file).parent / below) if below else ""
    return found


def qemu_img(words: list[str]) -> None:
    command, file = words[0], words[-1]
    if command == "info":
        plain = {"format-specific": {"data": {"bitmaps": []}}}
        print(json.dumps(layers(file) if "--backing-chain" in words else plain))
    elif command == "create":
        Path(file).write_text(json.dumps({"data": "", "below": words_after(words, "-b")[0]}))
    elif command == "rebase":
        entry = json.loads(Path(file).read_text())
        Path(file).write_text(json.dumps({**entry, "below": words_after(words, "-b")[0]}))
    elif command == "commit":
        top = json.loads(Path(file).read_text())
        base = Path(file).parent / top["below"]
        below = json.loads(base.read_text())
        base.write_text(json.dumps({**below, "data": below["data"] + top["data"]}))
        Path(file).write_text(json.dumps({**top, "data": ""}))
    elif command == "check" and "rotten" in Path(file).read_text():
        fail("1 errors were found on the image", 2)


def virtnbdbackup(words: list[str]) -> None:
    state = load()
    name, level, folder = (words_after(words, flag)[0] for flag in ("-d", "-l", "-o"))
    guest, out = state["guests"][name], Path(folder)
    marks = guest.setdefault("checkpoints", [])
    if level == "full" and marks:
        fail("Failed to remove checkpoint")
    if level == "inc" and not guest.get("bitmaps"):
        fail("missing or broken bitmap")
    number = len(marks)
    mark = f"virtnbdbackup.{number}"
    disk = re.search(r"file='([^']*)'", guest["xml"])[1]
    data = json.loads(Path(disk).read_text())["data"]
    known = guest.get("known", 0) if level == "inc" else 0
    (out / ("vda.full.data" if level == "full" else f"vda.inc.{mark}.data")).write_text(data[known:])
    (out / f"{name}.cpt").write_text(json.dumps([*marks, mark]))
    (out / f"vmconfig.{mark}.xml").write_text(guest["xml"])
    (out / f"backup.{level}.log").write_text("log")
    (out / f"vmlinuz.{mark}").write_text("kernel")
    guest["checkpoints"], guest["bitmaps"], guest["known"] = [*marks, mark], [mark], len(data)
    save(state)


def virtnbdrestore(words: list[str]) -> None:
    folder, out = Path(words_after(words, "-i")[0]), Path(words_after(words, "-o")[0])
    parts = [folder / "vda.full.data", *sorted(folder.glob("vda.inc.*.data"))]
    # As the real one: what is missing or changed is not noticed.
    text = "".join(part.read_text() for part in parts if part.is_file())
    (out / "vda").write_text(json.dumps({"data": text}))


def restic(words: list[str]) -> None:
    repository = ROOT / "repository"
    repository.mkdir(exist_ok=True)
    if (ROOT / "unreachable").exists():
        fail("Fatal: unable to open repository")
    if "backup" in words:
        paths = words[words.index("--") + 1:]
        id_ = f"{len(list(repository.iterdir())) + 1:08x}"
        for path in paths:
            target = repository / id_ / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if Path(path).is_dir() else shutil.copy2)(path, target)
        when = time.strftime(f"%Y-%m-%dT%H:%M:%S.{int(id_, 16):03d}Z", time.gmtime())
        entry = {"short_id": id_, "time": when, "paths": paths, "tags": words_after(words, "--tag")}
        (repository / id_ / "entry.json").write_text(json.dumps(entry))
        print(json.dumps({"message_type": "summary", "snapshot_id": id_, "data_added": 1, "total_bytes_processed": 1,
                          "total_files_processed": len(paths)}))
    elif "snapshots" in words:
        print(json.dumps([json.loads(path.read_text()) for path in sorted(repository.glob("*/entry.json"))]))
    elif "restore" in words:
        source = repository / words[words.index("restore") + 1]
        if (source / "rotten").exists():
            fail("ignoring error for vda: blob not found")
        target = Path(words_after(words, "--target")[0])
        shutil.copytree(source, target)
        (target / "entry.json").unlink()


def ping(words: list[str]) -> None:
    sys.exit(0 if words[-1] in load().get("answers", []) else 1)


PROGRAMS = {"virsh": virsh, "qemu-img": qemu_img, "virtnbdbackup": virtnbdbackup, "virtnbdrestore": virtnbdrestore,
            "restic": restic, "ping": ping}

