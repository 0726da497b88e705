# SPDX-License-Identifier: Apache-2.0
"""What the modules for files decide: which copy, which lines, what is swapped where, what differs."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    files_agents,
    files_protect,
    files_return,
    files_swap,
    files_tree,
    machine_files,
    machine_run,
    machine_user,
    restic_folder,
    restic_repository,
    units_answers,
)
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job, Names
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOj0P5P4TQ3TeFz20Gg"
POINTS = [{"id": f"{at:08x}", "at": float(at), "paths": []} for at in (3000000000, 2000000000, 1000000000)]


def job(side: str = "standby", serving: str = "standby", root: str = "", **more: Any) -> Job:
    system = {
        "id": "docs", "type": "files", "group": "work", "machines": {"primary": "fone", "standby": "ftwo"},
        "addresses": {"primary": "10.0.1.1", "standby": "10.0.2.1"}, "settings": {"paths": ["/srv/docs"]},
        "protections": [{"by": "restic", "every_s": 600, "keep_s": 86400, "key": {"secret": "k"},
                         "repository": "/var/lib/bascule/copies/p/docs"}],
    }  # fmt: skip
    return Job(system=system, side=side, serving=serving, policy="p", root=root, **more)


@pytest.mark.parametrize(
    ("asked", "not_after", "mode", "found"),
    [
        (None, None, "loss", 0),
        (None, 2500000000.0, "loss", 1),
        ("2033-05-18T03:33:20Z", None, "compromise", 1),
        ("2033-05-18 05:33+02:00", None, "loss", 2),
        (POINTS[2]["id"], None, "compromise", 2),
        ("2999999999", None, "loss", 1),
    ],
)
def test_point_that_a_recovery_takes(asked: str | None, not_after: float | None, mode: str, found: int) -> None:
    assert restic_repository.chosen(POINTS, asked, not_after, mode) == POINTS[found]


@pytest.mark.parametrize(
    ("points", "asked", "mode", "said"),
    [
        ([], None, "loss", "no copy"),
        (POINTS, None, "compromise", "Choose a moment before"),
        (POINTS, "deadbeef", "loss", "no copy deadbeef"),
        (POINTS, "1990-01-01T00:00:00Z", "loss", "oldest"),
        (POINTS, "2033-05-18T03:33:20", "loss", "zone"),
        (POINTS, "yesterday", "loss", "neither"),
    ],
)
def test_point_that_there_is_not(points: list[dict[str, Any]], asked: str | None, mode: str, said: str) -> None:
    with pytest.raises(TroubleError, match=said):
        restic_repository.chosen(points, asked, None, mode)


def test_patterns_of_restic_are_literal() -> None:
    assert restic_repository.pattern("/srv/we[ird]*?\\x") == "/srv/we\\[ird\\]\\*\\?\\\\x"


def test_primary_only_adds_and_the_standby_may_delete() -> None:
    assert " --append-only " in restic_folder.forced_command(job())
    assert any("--append-only" in word for word in restic_repository.argv(job("primary")))
    assert any("--append-only" in word for word in restic_repository.argv(job()))
    assert not any("--append-only" in word for word in restic_repository.argv(job(), may_delete=True))


@pytest.mark.parametrize("path", ["relative", "/a b", "/a;id", "/a/../b", "/-x", "/a\n"])
def test_repository_with_strange_signs_is_refused(path: str) -> None:
    one = job()
    one.system["protections"][0]["repository"] = path
    with pytest.raises(TroubleError):
        _ = one.repository


def test_authorised_lines_are_replaced_one_by_one() -> None:
    first = machine_user.line(KEY, "rclone serve", "10.0.1.1", "bascule:p:docs:copy")
    other = machine_user.line(KEY, "rclone serve", "10.0.1.1", "bascule:p:docs:tree")
    assert first == f'restrict,from="10.0.1.1",command="rclone serve" {KEY} bascule:p:docs:copy'
    text = machine_user.replaced("firm's own\n", "bascule:p:docs:copy", first)
    text = machine_user.replaced(text, "bascule:p:docs:tree", other)
    assert machine_user.replaced(text, "bascule:p:docs:copy", "") == f"firm's own\n{other}\n"


@pytest.mark.parametrize(
    ("key", "command", "address"),
    [("not a key", "x", "10.0.0.1"), (KEY, 'x" evil', "10.0.0.1"), (KEY, "x", '1" '), (f"{KEY}\nx", "x", "10.0.0.1")],
)
def test_authorised_lines_cannot_be_broken_out_of(key: str, command: str, address: str) -> None:
    with pytest.raises(TroubleError):
        machine_user.line(key, command, address, "mark")


def tree(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_swap_by_rename_leaves_nothing_of_the_old(tmp_path: Path) -> None:
    path, fresh = tree(tmp_path / "docs", stale="s", kept="1"), tree(tmp_path / "new", kept="2")
    files_swap.swap(str(fresh), str(path), str(tmp_path / "old"), [])
    assert {entry.name: entry.read_text() for entry in path.iterdir()} == {"kept": "2"}
    assert (tmp_path / "old" / "stale").exists()


def test_swap_that_fails_puts_the_old_back(tmp_path: Path) -> None:
    path = tree(tmp_path / "docs", kept="1")
    with pytest.raises(OSError, match="No such file"):
        files_swap.swap(str(tmp_path / "nothing"), str(path), str(tmp_path / "old"), [])
    assert (path / "kept").read_text() == "1"


def test_swap_in_a_mount_moves_the_content(tmp_path: Path) -> None:
    path = tree(tmp_path / "mnt", stale="s", kept="1")
    (path / "lost+found").mkdir()
    fresh = tree(path / ".bascule-p-docs.new" / "mnt", kept="2")
    fresh.chmod(0o710)
    number = path.stat().st_ino
    (path / ".bascule-p-docs.old").mkdir()
    files_swap.swap(str(fresh), str(path), str(path / ".bascule-p-docs.old" / "0"), [str(path)])
    assert path.stat().st_ino == number
    assert path.stat().st_mode & 0o777 == 0o710
    assert sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(".")) == ["kept", "lost+found"]
    assert (path / "kept").read_text() == "2"
    assert (path / ".bascule-p-docs.old" / "0" / "stale").exists()


def test_restores_are_made_once_a_file_system() -> None:
    mounts = ["/", "/mnt/data", "/srv"]
    plan = files_swap.bases(["/srv/a", "/srv/b", "/mnt/data", "/var/c"], mounts)
    assert plan == {"/srv": ["/srv/a", "/srv/b"], "/mnt/data": ["/mnt/data"], "/var": ["/var/c"]}
    assert files_swap.mounted_below("/srv/a", ["/srv/a/x", "/srv/ab", "/srv/a"]) == ["/srv/a/x"]


def test_digest_sees_content_mode_and_target(tmp_path: Path) -> None:
    path = tree(tmp_path / "docs", one="1", two="2")
    (path / "link").symlink_to("one")
    first = files_tree.digest(str(path))
    assert (first["entries"], first["bytes"]) == (4, 2)
    changes: list[tuple[str, Callable[[], object]]] = [
        ("one", lambda: (path / "one").write_text("x")),
        ("two", lambda: (path / "two").chmod(0o600)),
        ("link", lambda: ((path / "link").unlink(), (path / "link").symlink_to("two"))),
    ]
    for name, change in changes:
        change()
        second = files_tree.digest(str(path))
        assert files_return.differences({"/d": second}, {"/d": first}) == [f"/d/{name}"]
        first = second
    assert files_return.differences({"/d": first}, {"/d": first}) == []
    assert files_return.differences({"/d": first}, {}) == ["/d"]


def test_names_that_are_no_text_can_be_told(tmp_path: Path) -> None:
    path = tree(tmp_path / "docs")
    Path(os.fsdecode(os.fsencode(str(path)) + b"/caf\xe9")).write_text("x")
    assert "caf\\xe9" in files_tree.counted(str(path))["samples"]
    assert "caf\\xe9" in files_tree.digest(str(path))["parts"]


def test_owners_are_matched_by_name() -> None:
    kept, here = {"105": "tryton", "33": "www-data", "9": "gone"}, {"tryton": 107, "www-data": 33}
    assert files_tree.local_numbers(kept, here) == {105: 107}


def test_who_serves_is_what_the_newest_says(tmp_path: Path) -> None:
    one = job(root=str(tmp_path))
    marker = one.names.marker("work")
    assert not one.serves_already()
    one.take_over()
    assert one.serves_already()
    machine_files.write_json(marker, {"epoch": 2, "serving": "primary"})
    assert not one.serves_already()
    one.take_over()
    assert one.serves_already()


def test_names_of_two_systems_do_not_meet() -> None:
    one, two = Names("p", "docs"), Names("p", "plans")
    assert not set(vars_of(one)) & set(vars_of(two))


def vars_of(names: Names) -> list[str]:
    return [names.setting("json"), names.kept("json"), names.heartbeat, names.owners, names.cache, names.sudoers,
            names.unit("copy"), names.unit("copy", "timer"), names.mark("copy"), names.beside("new")]  # fmt: skip


def test_configuration_of_agents_holds_no_secret_and_pruning_is_at_the_standby() -> None:
    standby, primary = (job(side, secrets={"k": "pa55word"}) for side in ("standby", "primary"))
    assert "pa55word" not in str(files_agents.configuration(standby))
    assert "prune" in files_agents.configuration(standby)
    assert "prune" not in files_agents.configuration(primary)
    assert not any("prune" in name for name in files_agents.unit_texts(primary))
    assert "OnUnitActiveSec=600s" in files_agents.unit_texts(primary)["bascule-copy-p-docs.timer"]


def test_missing_tools_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_run, "PATH", "/nowhere")
    (sentence,) = files_protect.missing(job("primary"))
    assert sentence.endswith("apt-get install --no-install-recommends restic rsync openssh-client.")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/fine" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_answers_are_waited_for() -> None:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = {"kind": "http", "port": server.server_port, "path": "/fine", "expect": 200}
        # How long it took is told; how long that is, is nobody's promise here.
        assert units_answers.wait(asked, ["127.0.0.1"], 300) >= 0
        assert units_answers.wait({**asked, "path": "/", "expect": 503}, ["127.0.0.1"], 300) >= 0
        assert units_answers.http_answer("127.0.0.1", {**asked, "path": "/"}, 300).endswith("answers 503, not 200")
        with pytest.raises(TroubleError, match="within 0\\.3 s: 127"):
            units_answers.wait({**asked, "path": "/"}, ["127.0.0.1"], 0.3)
        assert units_answers.wait({"kind": "tcp", "port": server.server_port}, ["127.0.0.1"], 300) >= 0
        server.shutdown()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(TroubleError, match="within 0\\.2 s"):
            units_answers.wait({"kind": "tcp", "port": free.getsockname()[1]}, ["127.0.0.1"], 0.2)
