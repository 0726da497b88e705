# SPDX-License-Identifier: Apache-2.0
"""A guest that starts on another host, beside the same by hand; how much an instant start depends on the image.

Guests of the lab are emulated, so their seconds say nothing: what counts are ratios within one run.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bascule_runtime import journal
from bench import sample_firm
from bench.frame import Bench, Figure, Say
from bench.sample_firm import RUNTIME, BenchError, Firm

GUEST, ACTIVITY, GROWING = "intranet", "news", "erp-vm"
WRITTEN_MIB, SIZES_GIB, LONG_S = 20, (1, 8), 600.0
# The lines that somebody would type who has a copy and a host: read it back, start the guest, wait until it answers.
BY_HAND = """set -e
virsh -q destroy "$1" >/dev/null
now() { date +%s.%N; }
began=$(now)
restic -q -r "$2" -p "$3" restore latest --target /var/tmp/by-hand
restored=$(now)
virsh -q start "$1" >/dev/null
until curl -fsS -m 1 -o /dev/null "$4" 2>/dev/null; do sleep 0.1; done
echo "$began $restored $(now)"
rm -rf /var/tmp/by-hand"""
# New data inside a guest, by its agent, then the copy that follows.
WRITE = """set -e
virsh -q qemu-agent-command "$1" "$2" >/dev/null
sleep 15
systemctl start "$3"
cat "$(ls -d "$4"/[0-9]* | tail -1)/bascule-chain.json"
"""
# What the step of a recovery asks of its host for an image that lies ready, again and again; seconds of each time.
INSTANT = """import json, subprocess, sys, time
launcher, config, about, times, guest = *sys.argv[1:3], json.loads(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
def ask(do, **more):
    told = subprocess.run(["python3", "-I", launcher, "guest", "--config", config], check=True, text=True,
                          input=json.dumps({"do": do, "limit_s": 300, **more}), capture_output=True)
    return json.loads(told.stdout)["ok"]
def cut():  # at once: a guest that boots hears no button, and the product waits for it
    subprocess.run(["virsh", "-q", "destroy", guest], capture_output=True, timeout=60)
took = []
for _ in range(times):
    cut()
    began = time.monotonic()
    ask("stand", about=about)
    ask("start")
    took.append(time.monotonic() - began)
cut()
print(json.dumps(took))"""
FILL = """set -e
image=$(readlink -f "$1")
qemu-img resize -q "$image" 12G
for at in $(seq $((3 * 1024)) 256 $((3 * 1024 + $2 * 1024 - 256))); do
  qemu-io -f qcow2 -c "write -q -P 205 ${at}M 256M" "$image" >/dev/null
done
du -k "$image" | cut -f1"""


def increment(firm: Firm, say: Say) -> float:
    """Bytes that the next copy of changed blocks holds, for each byte of random data that was written in the guest."""
    words = ["-c", f"dd if=/dev/urandom of=/var/tmp/bench bs=1M count={WRITTEN_MIB} conv=fsync"]
    told = json.dumps({"execute": "guest-exec", "arguments": {"path": "/bin/sh", "arg": words}})
    unit = f"bascule-point-{firm.id}-{GROWING}"
    shown = firm.rehearsal.on("host1", WRITE, GROWING, told, unit, f"/var/lib/bascule/{firm.id}/chains/{GROWING}")
    newest = json.loads(shown)["links"][-1]
    if newest["level"] == "full":
        raise BenchError(f"the newest copy of {GROWING} holds all blocks")
    stored = sum(entry["bytes"] for entry in newest["files"] if not _boots(entry["name"]))
    say(f"{stored / (1 << 20):.1f} MiB for {WRITTEN_MIB} MiB of random data")
    return float(stored / (WRITTEN_MIB << 20))


def _boots(name: str) -> bool:
    """Whether a file is a kernel or an initial file system, which the tool puts beside the blocks each time."""
    return any(word in name for word in ("vmlinuz", "kernel", "initrd"))


def away(firm: Firm) -> dict[str, Any]:
    """Lose the host, start the guest on the other one: what the journal says of it. Raises BenchError."""
    firm.rehearsal.lab("kill", "primary")
    run = firm.drive("activate", env=sample_firm.DECLARE, extra={"only": ACTIVITY})
    events = journal.read(run.folder) if run.folder else []
    done = [event for event in events if event["event"] == "task" and event.get("unit") == f"system.{GUEST}"
            and event.get("step") == "recover"]  # fmt: skip
    if not done:
        raise BenchError(f"the journal of {run.folder} tells of no recovery of {GUEST}")
    return dict(done[-1])


def share(firm: Firm, say: Say) -> float:
    """Our time for one guest ÷ that of reading its copy back and booting it by hand, on the same host."""
    done = away(firm)
    ours = float(done["t"]) - float(done["began"])
    address = firm.rehearsal.plan["systems"][GUEST]["addresses"]["standby"]
    copies, secret = f"/var/lib/bascule/copies/{firm.id}/{GUEST}", f"/etc/bascule/{firm.id}/{GUEST}.password"
    told = firm.rehearsal.on("host2", BY_HAND, GUEST, copies, secret, f"http://{address}/", limit_s=LONG_S)
    began, restored, answered = (float(word) for word in told.split())
    say(f"ours {ours:.1f} s; by hand {restored - began:.1f} s to read back and {answered - restored:.1f} s to boot")
    return ours / (answered - began)


def about(plan: dict[str, Any]) -> dict[str, Any]:
    """What a host must know to let the guest stand on it, as the product's own step says it."""
    system = plan["systems"][GUEST]
    said = system["settings"]
    host, places = said["hosts"]["standby"], system["addresses"]
    return {"mapping": said["mapping"]["standby"], "level": said["levels"]["standby"], "cpu": host["cpu"],
            "accel": host["accel"], "gateway": host["gateway"], "prefix": said["prefix"]["standby"],
            "addresses": {"old": places["primary"], "new": places["standby"]}}  # fmt: skip


def instant(firm: Firm, runs: int, say: Say) -> float:
    """How much longer an instant start takes on the larger image than on the smaller one."""
    config, medians = f"/etc/bascule/{firm.id}/{GUEST}.json", list[float]()
    target = json.loads(firm.rehearsal.on("host2", 'cat "$1"', config))["guest"]["target"]
    firm.rehearsal.on("host2", 'virsh -q destroy "$1"', GUEST)
    for size in SIZES_GIB:
        held = int(firm.rehearsal.on("host2", FILL, f"{target}/vda", str(size), limit_s=LONG_S)) / (1 << 20)
        words = (INSTANT, f"{RUNTIME}/run", config, json.dumps(about(firm.rehearsal.plan)), str(runs), GUEST)
        took = json.loads(firm.rehearsal.on("host2", 'exec python3 -c "$@"', *words, limit_s=LONG_S))
        medians.append(statistics.median(took))
        say(f"instant start on an image of {held:.1f} GiB: {medians[-1]:.2f} s")
    return medians[-1] / medians[0]


def measure(runs: int, say: Say) -> Iterator[Figure]:
    """As many rounds as `runs`, in one lab."""
    place, sample = tempfile.TemporaryDirectory(prefix="bascule-bench-"), sample_firm.HYPERVISORS
    with place as folder, sample_firm.built(Path(folder), sample) as firm:
        stored, shares = tuple(increment(firm, say) for _ in range(runs)), []
        for number in range(runs):
            shares.append(share(firm, say))
            if number + 1 < runs:
                firm.home(only=ACTIVITY)
        larger = instant(firm, runs, say)
    yield Figure("ours ÷ reading back and booting by hand", "", tuple(shares), 1.3)
    yield Figure(f"instant start: image of {SIZES_GIB[1]} GiB ÷ of {SIZES_GIB[0]} GiB", "", (larger,), 1.2)
    yield Figure("bytes of an incremental copy ÷ random bytes written", "", stored, 1.5)


BENCHES = (
    Bench("guests", "virtual machines on another host, emulated: ratios alone", measure, needs="lab", minutes=15),
)
