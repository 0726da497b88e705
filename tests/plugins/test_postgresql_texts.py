# SPDX-License-Identifier: Apache-2.0
"""Texts and commands for PostgreSQL: settings, access rules, keys, pgBackRest's configuration, differences of data."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bascule.continuity.plugins.module_utils import (
    pg_backrest,
    pg_cluster,
    pg_compare,
    pg_conf,
    pg_link,
    pg_points,
    pg_replica,
    pg_restore,
    pg_sql,
)
from ansible_collections.bascule.continuity.plugins.module_utils.pg_host import PlainError
from ansible_collections.bascule.continuity.plugins.module_utils.pg_job import Job

from bascule_runtime import pgcopies

SYSTEM: dict[str, Any] = {
    "id": "erp-db",
    "machines": {"primary": "db1", "standby": "db2"},
    "addresses": {"primary": "192.0.2.1", "standby": "198.51.100.1"},
    "settings": {"cluster": "15/main"},
    "protections": [
        {"by": "streaming", "slot": "bascule_erp_db"},
        {"by": "pgbackrest", "stanza": "erp-db", "every_s": 3600, "archive_s": 300, "full_every_s": 604800,
         "keep_s": 90000, "key": {"secret": "copies-key"}, "repository": "/var/lib/bascule/copies/firm/erp-db"},
    ],
}  # fmt: skip
CLUSTER = pg_cluster.Cluster(
    "15", "main", 5432, "postgres", "/var/lib/postgresql/15/main", "", "/etc/postgresql/15/main",
    "/etc/postgresql/15/main/pg_hba.conf", "/etc/postgresql/15/main/pg_ident.conf", "/var/run/postgresql",
)  # fmt: skip


def job(**more: Any) -> Job:
    base = {"step": "protect", "system": SYSTEM, "side": "primary", "serving": "primary", "policy": "firm"}
    return Job(**{**base, **more})


def now(**values: str) -> dict[str, tuple[str, str, str, str]]:
    base = {"data_checksums": "off", "wal_log_hints": "off", "wal_level": "replica", "max_wal_senders": "10",
            "max_replication_slots": "10", "listen_addresses": "localhost", "archive_mode": "off"}  # fmt: skip
    return {name: (value, "postmaster", "", "") for name, value in {**base, **values}.items()}


def test_clusters_of_older_debian() -> None:
    text = "13 main 5432 online postgres /var/lib/postgresql/13/main /var/log/postgresql/postgresql-13-main.log\n"
    found = pg_cluster.parse_text(text + "15 web 5433 down <unknown> /srv/pg\n")
    assert [(c.label, c.port, c.owner, c.unit) for c in found] == [
        ("13/main", 5432, "postgres", "postgresql@13-main.service"),
        ("15/web", 5433, "postgres", "postgresql@15-web.service"),
    ]


def test_only_what_differs_needs_a_restart() -> None:
    wanted = {"wal_log_hints": "on", "listen_addresses": "localhost", "unknown": "1"}
    assert pg_conf.needs_restart(wanted, now()) == ["wal_log_hints = on (now off)"]


def test_checksums_do_instead_of_hints_and_listening_is_left_alone_when_it_suffices() -> None:
    facts = job(state={"wal_room_mb": 1024})
    wanted = pg_conf.source_settings(facts, CLUSTER, now(data_checksums="on", listen_addresses="localhost, 192.0.2.1"))
    assert "wal_log_hints" not in wanted
    assert "listen_addresses" not in wanted
    assert wanted["max_slot_wal_keep_size"] == "1024MB"
    assert pg_conf.source_settings(facts, CLUSTER, now())["listen_addresses"] == "*"


def test_values_are_quoted() -> None:
    assert "a = 'it''s'\n" in pg_conf.conf_text({"a": "it's"})


def test_access_rules_are_first_and_go_without_a_trace() -> None:
    firm = "local all all peer\nhost all all 192.0.2.0/24 scram-sha-256\n"
    text = pg_conf.with_block(firm, "erp-db", pg_conf.peer_rules("198.51.100.1"))
    assert text.splitlines()[1] == "host replication bascule_replication 198.51.100.1/32 scram-sha-256"
    assert pg_conf.with_block(text, "erp-db", pg_conf.peer_rules("198.51.100.1")) == text
    assert pg_conf.without_block(text) == firm


def test_a_hold_comes_before_all_and_keeps_other_blocks() -> None:
    firm = pg_conf.with_block("host all all all md5\n", "erp-db", pg_conf.peer_rules("198.51.100.1"))
    held = pg_conf.with_block(firm, "hold", pg_conf.hold_rules("postgres", "198.51.100.1"))
    lines = held.splitlines()
    assert lines[1] == "local all postgres peer"
    assert lines.index("host all all 0.0.0.0/0 reject") < lines.index("host all all all md5")
    assert pg_conf.without_block(held, "hold") == firm


def test_scram_is_what_postgresql_stores() -> None:
    # The example of RFC 7677: user "user", password "pencil".
    salt = __import__("base64").b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert pg_sql.scram("pencil", salt).endswith(":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
    assert pg_sql.verifies("pencil", pg_sql.scram("pencil"))
    assert not pg_sql.verifies("pen", pg_sql.scram("pencil"))
    assert not pg_sql.verifies("pencil", "md5abc")


@pytest.mark.parametrize(("text", "sql"), [("a'b", "'a''b'"), ("a\\b", " E'a\\\\b'"), ("", "''")])
def test_literals(text: str, sql: str) -> None:
    assert pg_sql.literal(text) == sql


def test_the_repository_is_encrypted_and_kept_in_whole_days() -> None:
    options = pg_backrest.repository_options(job(secrets={"copies-key": "long secret\n"}))
    assert options["repo1-cipher-pass"] == "long secret"
    assert options["repo1-retention-full"] == 2
    with pytest.raises(PlainError, match="is empty"):
        pg_backrest.repository_options(job(secrets={"copies-key": " "}))


def test_a_secret_of_two_lines_is_refused() -> None:
    with pytest.raises(PlainError, match="line break"):
        pg_backrest.ini({"global": {"repo1-cipher-pass": "a\nrepo1-path=/"}})


def test_commands_name_our_configuration_only() -> None:
    assert pg_backrest.archive_command(job()) == (
        "pgbackrest --config=/etc/pgbackrest/bascule/erp-db.conf --stanza=erp-db archive-push %p"
    )


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (pg_points.Choice("restore", ""), ["--type=default"]),
        (pg_points.Choice("restore", "", "backup", "L"), ["--set=L", "--type=immediate", "--target-action=promote",
                                                          "--target-timeline=current"]),
        (pg_points.Choice("restore", "", "time", "T"), ["--type=time", "--target=T", "--target-action=promote"]),
    ],
)
def test_restores(choice: pg_points.Choice, words: list[str]) -> None:
    argv = pg_restore.argv(job(side="standby"), choice, "")
    assert argv[-1] == "restore"
    assert argv[4:-2] == words


@pytest.mark.parametrize(
    ("same", "state", "ways"),
    [
        (False, "shut down", ("copied",)),
        (True, "shut down in recovery", ("followed", "copied")),
        (True, "in production", ("rewound", "copied")),
        (True, "shut down", ("rewound", "copied")),
    ],
)
def test_the_cheapest_way_to_a_copy_first(same: bool, state: str, ways: tuple[str, ...]) -> None:
    assert pg_replica.ways(same, state) == ways


def test_conninfo_has_no_password() -> None:
    text = pg_link.conninfo(job(side="standby", state={"password": "hidden"}), 5433)
    assert "host=192.0.2.1 port=5433" in text
    assert "hidden" not in text


def test_one_line_a_system_in_authorized_keys() -> None:
    text = "ssh-ed25519 AAAA somebody\nold bascule:firm:erp-db\n"
    assert pg_link.authorized_text(text, "new bascule:firm:erp-db", "bascule:firm:erp-db") == (
        "ssh-ed25519 AAAA somebody\nnew bascule:firm:erp-db\n"
    )
    assert pg_link.authorized_text(text, "", "bascule:firm:erp-db") == "ssh-ed25519 AAAA somebody\n"


CONFIG = "--config=/etc/pgbackrest/bascule/erp-db.conf"


@pytest.mark.parametrize(
    ("command", "fine"),
    [
        (f"pgbackrest {CONFIG} --stanza=erp-db --remote-type=repo archive-push:remote", True),
        (f"pgbackrest {CONFIG} --stanza=other --remote-type=repo archive-push:remote", False),
        (f"pgbackrest {CONFIG} --stanza=erp-db --cmd-ssh=/tmp/x archive-push:remote", False),
        (f"pgbackrest {CONFIG} --stanza=erp-db expire", False),
        (f"pgbackrest {CONFIG} --stanza=erp-db archive-push:remote; id", False),
        ("pgbackrest --config=/tmp/mine.conf --stanza=erp-db archive-push:remote", False),
        ("sh -c id", False),
        ("pgbackrest 'unclosed", False),
        ("", False),
    ],
)
def test_the_key_of_the_other_side_opens_one_door(tmp_path: Path, command: str, fine: bool) -> None:
    script, tool = tmp_path / "only", tmp_path / "pgbackrest"
    script.write_text(pg_link.ONLY_TEXT)
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    done = subprocess.run(
        [sys.executable, str(script), "erp-db", pg_link.VERBS["to_repository"]],
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "SSH_ORIGINAL_COMMAND": command},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode == 0) is fine


def test_differences_are_named() -> None:
    mine = {"erp": {"public.a": ["1", "2"], "public.b": ["1", "2"]}, "web": {}}
    theirs = {"erp": {"public.a": ["1", "3"], "public.b": ["1", "2"]}}
    assert pg_compare.differences(mine, theirs) == ["erp: public.a", "web (on one side only)"]
    assert pg_compare.differences(mine, mine) == []


def test_the_address_of_the_other_side_is_checked() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        pg_conf.peer_rules("192.0.2.1/32\nhost all all all trust")


@pytest.mark.parametrize(("age_s", "due"), [(None, "full"), (86400, "incr"), (604800, "full"), (600000, "full")])
def test_full_backups_come_when_they_are_due(age_s: float | None, due: str) -> None:
    backups = [] if age_s is None else [{"type": "full", "timestamp": {"stop": 1e9}}]
    info = [{"name": "erp-db", "backup": backups}]
    assert pgcopies.kind(info, "erp-db", 604800, 1e9 + (age_s or 0)) == due


def test_a_cluster_knows_its_unit_and_programs() -> None:
    web = replace(CLUSTER, name="web")
    assert web.unit == "postgresql@15-web.service"
    assert web.program("pg_rewind") == "/usr/lib/postgresql/15/bin/pg_rewind"
