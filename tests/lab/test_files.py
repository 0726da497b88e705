# SPDX-License-Identifier: Apache-2.0
"""Trees of files and services on two real machines: copied, recovered, brought back, forgotten."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import LabCommand, raised
from .steps import Steps

pytestmark = [pytest.mark.lab_full]
POLICY = """
organisation: {id: filestest}
sites:
  primary: {network: 10.97.1.0/24, machines: {fone: {address: 10.97.1.11}}}
  standby: {network: 10.97.2.0/24, machines: {ftwo: {address: 10.97.2.11}}}
connection: {user: dr, key: {secret: ssh-key}, become: sudo}
systems: {}
secrets: {ssh-key: {file: keys/ssh}}
"""
SERVER = """
import http.server
http.server.test(HandlerClass=http.server.SimpleHTTPRequestHandler, port=8080, bind="0.0.0.0")
"""
UNIT = """
[Unit]
Description=An invented service
[Service]
User=site
WorkingDirectory=/var/lib/site
ExecStart=/usr/bin/python3 /usr/local/lib/site.py
[Install]
WantedBy=multi-user.target
"""
HOME: tuple[tuple[str, dict[str, Any]], ...] = (
    ("prepare", {}), ("resync", {}), ("demote", {"mode": "hold"}), ("resync", {"final": True}), ("compare", {}),
    ("recover", {}), ("protect", {}),
)  # fmt: skip
NOW = ["newer", "active", "active"]
COPIES = "/var/lib/bascule/copies/stepstest"


def system(name: str, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    copies = {"by": "restic", "every_s": 600, "keep_s": 2592000, "key": {"secret": "copies-key"},
              "repository": f"{COPIES}/{name}"}  # fmt: skip
    return {
        "id": name, "type": kind, "machines": {"primary": "fone", "standby": "ftwo"}, "group": "work", "needs": [],
        "addresses": {"primary": "10.97.1.11", "standby": "10.97.2.11"}, "size_bytes": 1 << 20, "settings": settings,
        "protections": [copies] if settings.get("paths") or settings.get("state") else [],
    }  # fmt: skip


SYSTEMS = {
    "docs": system("docs", "files", {"paths": ["/srv/docs", "/srv/plans"]}),
    "mounted": system("mounted", "files", {"paths": ["/mnt/data"]}),
    "site": system("site", "service", {"units": ["site.service"], "role": None, "state": ["/var/lib/site"],
                   "answers": {"kind": "http", "port": 8080, "path": "/", "expect": 200}}),
    "plain": system("plain", "service", {"units": ["plain.service"], "role": None, "state": [],
                    "answers": {"kind": "tcp", "port": 8081}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_home: Path) -> Iterator[LabCommand]:
    yield from raised(tmp_path_factory.mktemp("filestest"), lab_home, POLICY, "{}", {})


@pytest.fixture(scope="module")
def steps(lab: LabCommand, lab_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "key").write_text("an invented key of the copies\n")
    state = lab_home / ".local" / "state" / "bascule-lab" / "filestest"
    return Steps(folder, state, SYSTEMS, {"copies-key": {"file": str(folder / "key")}})


def put_service(lab: LabCommand, machine: str, number: int) -> None:
    """The invented service, whose user has another number on each machine."""
    lab.sh(machine, f"getent passwd site || useradd --system --uid {number} --user-group site")
    plain = UNIT.replace("User=site\nWorkingDirectory=/var/lib/site", "").replace("site.py", "plain.py")
    texts = {"/usr/local/lib/site.py": SERVER, "/usr/local/lib/plain.py": SERVER.replace("8080", "8081"),
             "/etc/systemd/system/site.service": UNIT, "/etc/systemd/system/plain.service": plain}  # fmt: skip
    script = "".join(f"cat > {path} <<'E'\n{text}\nE\n" for path, text in texts.items())
    lab.sh(machine, f"{script}systemctl daemon-reload")


def seed(lab: LabCommand) -> None:
    lab.sh("fone", textwrap.dedent("""
        mkdir -p /srv/docs/a/b /srv/plans /var/lib/site; cd /srv/docs
        echo one > a/one; echo two > a/b/two; ln -s a/one link; ln a/one hard; mkfifo pipe
        chmod 640 a/one; chown www-data:adm a/one; chmod 2770 a/b; chmod 4755 a/b/two
        touch 'we[ird]*name'; printf x > "$(printf 'caf\\351')"; echo plan > /srv/plans/plan
        dd if=/dev/zero of=sparse bs=1 count=0 seek=5M 2>/dev/null
        echo hello > /var/lib/site/index.html; chown -R site:site /var/lib/site"""))


def described(lab: LabCommand, machine: str, *paths: str) -> str:
    look = "find . -printf '%P %y %m %u %g %l ' -a \\( -type f -exec sha256sum {} \\; -o -printf '\\n' \\) | sort"
    return "\n".join(lab.sh(machine, f"cd {path} && {look} | sed 's/[^[:print:]]/?/g'") for path in paths)


def build(steps: Steps, name: str) -> dict[str, Any]:
    steps("prepare", name, "primary")
    return steps("protect", name, "primary")


def test_build_goes_the_other_way_and_home_again(lab: LabCommand, steps: Steps) -> None:
    for machine, number in (("fone", 871), ("ftwo", 872)):
        put_service(lab, machine, number)
    seed(lab)
    lab.sh("ftwo", "mkdir /srv/docs; touch /srv/docs/stale; systemctl enable --now plain; systemctl enable site")
    lab.sh("fone", "systemctl enable --now site plain")
    trees = ("/srv/docs", "/srv/plans")

    # Build: the first copies, and again without a change.
    for name in ("docs", "site", "plain"):
        build(steps, name)
        again = [steps(step, name, "primary") for step in ("prepare", "protect")]
        assert [one["changes"] for result in again for one in result.values() if one.get("changes")] == []
    points = steps("points", "docs", "primary")["files_points"]["evidence"]
    assert len(points["points"]) == 1
    assert points["lag_s"] < 600
    assert lab.sh("ftwo", "systemctl is-enabled site plain; true").split() == ["disabled", "disabled"]
    assert "active" not in lab.sh("ftwo", "systemctl is-active site plain; true").split()
    assert "problems\": []" in json.dumps(steps("status", "site", "primary"))

    # The primary can add copies and nothing else.
    look = "/etc/bascule/stepstest/docs"
    restic = (f"restic -r rclone:{COPIES}/docs -o rclone.program='ssh -F {look}.ssh_config copy' --no-cache "
              f"--password-file {look}.password")  # fmt: skip
    lab.sh("fone", f"{restic} forget --keep-last 1 --prune 2>&1; {restic} forget latest 2>&1; true")
    assert len(steps("points", "docs", "primary")["files_points"]["evidence"]["points"]) == 1
    assert lab.sh("fone", f"ssh -F {look}.ssh_config tree id 2>&1; true").endswith("(publickey).")

    # Planned: what was written last arrives, the primary refuses writes and its agents are quiet.
    lab.sh("fone", "echo last > /srv/docs/last; rm /srv/docs/hard; echo '<p>last</p>' > /var/lib/site/index.html")
    before = described(lab, "fone", *trees)
    for name in ("plain", "site", "docs"):
        steps("demote", name, "standby", driver="activate", scenario="planned", run=f"go-{name}",
              options={"mode": "stop", "last": True})
    assert lab.sh("fone", "touch /srv/docs/x 2>&1; true").endswith("Read-only file system")
    assert lab.sh("fone", "systemctl list-units --plain --no-legend 'bascule-*.timer' | wc -l") == "0"
    assert lab.sh("fone", "systemctl is-active site plain; systemctl is-enabled site; true").split() == [
        "inactive", "inactive", "disabled"]  # fmt: skip
    planned = {"driver": "activate", "scenario": "planned"}
    result = steps("recover", "docs", "standby", run="go-docs", **planned)["files_recovered"]
    assert result["word"] == "data_correct"
    assert result["evidence"]["strategy"] == "restored"
    assert described(lab, "ftwo", *trees) == before
    for name in ("site", "plain"):
        result = steps("recover", name, "standby", run=f"go-{name}", **planned)["service_recovered"]
        assert result["word"] == "answering"
    assert "last" in lab.sh("ftwo", "curl -s http://10.97.2.11:8080/")
    assert lab.sh("ftwo", "stat -c %U /var/lib/site/index.html") == "site"

    # A later activation changes nothing; copies go on, and the old primary cannot add to them any more.
    for name in ("docs", "site", "plain"):
        steps("protect", name, "standby", driver="activate")
        steps("protect", name, "standby", driver="activate")
        lab.sh("ftwo", "echo precious > /srv/docs/precious")
        (result,) = (one for one in steps("recover", name, "standby", driver="activate").values() if "word" in one)
        assert not result["changed"]
        assert result["evidence"]["strategy"] == "already"
    assert "unable to open" in lab.sh("fone", f"{restic} snapshots 2>&1; true")

    # A return that is given up: what was held serves on.
    steps("demote", "site", "primary", driver="failback", run="given-up", options={"mode": "hold", "last": True})
    assert lab.sh("ftwo", "touch /var/lib/site/x 2>&1; true").endswith("Read-only file system")
    steps("recover", "site", "standby", driver="failback", run="given-up")
    assert lab.sh("ftwo", "touch /var/lib/site/x 2>&1; systemctl is-active site") == "active"

    # Home again, to a machine that was replaced by an empty one.
    lab("replace", "fone")
    put_service(lab, "fone", 873)
    for name in ("docs", "site", "plain"):
        run = f"home-{name}"
        for step, options in HOME:
            steps(step, name, "primary", driver="failback", run=run, options=options)
        if name == "docs":
            lab.sh("ftwo", "touch /srv/docs/a-standby-may-be-written-to-again && rm /srv/docs/a-standby-*")
            assert described(lab, "fone", *trees) == described(lab, "ftwo", *trees)
    assert lab.sh("fone", "cat /srv/docs/precious") == "precious"
    assert "last" in lab.sh("fone", "curl -s http://10.97.1.11:8080/")
    assert lab.sh("ftwo", "systemctl is-active site plain; true").split() == ["inactive", "inactive"]

    # Nothing is brought from a side that no longer serves.
    lab.sh("fone", "echo newer > /srv/docs/precious")
    steps("resync", "docs", "primary", driver="failback", run="home-2")
    assert lab.sh("fone", "cat /srv/docs/precious") == "newer"

    # Nothing of ours is left, all of the firm's is.
    for name in ("docs", "site", "plain"):
        results = steps("forget", name, "primary")
        assert all(one["evidence"]["left"] == [] for one in results.values() if "evidence" in one)
    assert lab.sh("fone", "cat /srv/docs/precious; systemctl is-active site plain").split() == NOW
    for machine in ("fone", "ftwo"):
        found = lab.sh(machine, "find / -xdev -name '*bascule*' 2>/dev/null; getent passwd bascule; true")
        assert found == ""


def test_lost_primary_chosen_points_and_a_mount(lab: LabCommand, steps: Steps) -> None:
    lab.sh("fone", "mkdir -p /mnt/data /srv/docs /srv/plans; mount -t tmpfs none /mnt/data; "
                   "echo first > /mnt/data/file; mkdir -p /mnt/data/folder")  # fmt: skip
    lab.sh("ftwo", "mkdir -p /mnt/data; mount -t tmpfs none /mnt/data; touch /mnt/data/stale")
    build(steps, "mounted")
    (first,) = steps("points", "mounted", "primary")["files_points"]["evidence"]["points"]

    # A copy that was killed leaves a lock in the repository that does not stop the next one; pruning is done here.
    lab.sh("fone", "echo second > /mnt/data/file; dd if=/dev/urandom of=/mnt/data/big bs=1M count=60 2>/dev/null")
    lab.sh("fone", "systemctl start --no-block bascule-copy-stepstest-mounted; sleep 0.7; "
                   "systemctl kill -s KILL bascule-copy-stepstest-mounted; sleep 0.3; rm /mnt/data/big; "
                   "systemctl start bascule-copy-stepstest-mounted")  # fmt: skip
    lab.sh("ftwo", "systemctl start bascule-prune-stepstest-mounted")
    said = json.loads(lab.sh("ftwo", "cat /var/lib/bascule/stepstest/state/mounted.prune.json"))
    assert said["result"] == "ok", said
    lab("kill", "primary")
    try:
        # After a compromise nobody guesses.
        done, _ = steps.attempt("recover", "mounted", "standby", driver="activate", scenario="compromise")
        assert "Choose a moment before it" in done.stdout
        assert lab.sh("ftwo", "ls /mnt/data") == "stale"
        # A restore that cannot be done leaves what is there.
        lab.sh("ftwo", f"mv {COPIES}/mounted/data {COPIES}/mounted/gone")
        done, _ = steps.attempt("recover", "mounted", "standby", driver="activate")
        assert "what was there is untouched" in done.stdout
        assert lab.sh("ftwo", "ls -A /mnt/data; mkdir /mnt/data/lost+found") == "stale"
        lab.sh("ftwo", f"mv {COPIES}/mounted/gone {COPIES}/mounted/data")
        # The newest one, then an older one after all: what was written in between is a copy of its own.
        result = steps("recover", "mounted", "standby", driver="activate")["files_recovered"]
        found = lab.sh("ftwo", "cat /mnt/data/file; ls -A /mnt/data").split()
        assert found == ["second", "file", "folder", "lost+found"]
        assert result["evidence"]["heartbeat_at"] <= result["evidence"]["point"]["at"]
        steps("protect", "mounted", "standby", driver="activate")
        lab.sh("ftwo", "echo third > /mnt/data/file")
        steps("recover", "mounted", "standby", driver="activate", scenario="compromise", point=first["id"])
        assert lab.sh("ftwo", "cat /mnt/data/file") == "first"
        again = steps("recover", "mounted", "standby", driver="activate", scenario="compromise", point=first["id"])
        assert again["files_recovered"]["evidence"]["strategy"] == "already"
        points = steps("points", "mounted", "standby")["files_points"]["evidence"]["points"]
        assert len(points) == 4
        done, _ = steps.attempt("forget", "mounted", "primary")
        assert "Run dr-failback.yml first" in done.stdout
    finally:
        lab("start", "primary")


def test_missing_tools_are_named_at_once(lab: LabCommand, steps: Steps) -> None:
    lab.sh("fone", "mkdir -p /tmp/away /srv/docs; mv /usr/bin/restic /usr/bin/rsync /tmp/away; rm -rf /srv/plans")
    try:
        done, _ = steps.attempt("prepare", "docs", "primary")
        assert "apt-get install --no-install-recommends restic rsync." in done.stdout
        assert "/srv/plans is no folder on fone" in done.stdout
    finally:
        lab.sh("fone", "mv /tmp/away/* /usr/bin")
