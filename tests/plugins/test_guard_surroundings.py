# SPDX-License-Identifier: Apache-2.0
"""What surrounds a run cannot change it: settings of the environment, files in the folder, variables, playbooks."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from firm import ROOT, Firm

from bascule_runtime.workers import in_turn

Make = Callable[..., Firm]
pytestmark = pytest.mark.slow
REFUSED = 2
# Each on its own: what would be done otherwise, and what the guard says.
SETTINGS = {
    "ANSIBLE_COLLECTIONS_PATH=/nowhere": "unset ANSIBLE_COLLECTIONS_PATH and start again",
    "ANSIBLE_RUN_TAGS=none": "unset ANSIBLE_RUN_TAGS and start again",
    "ANSIBLE_SKIP_TAGS=always": "unset ANSIBLE_SKIP_TAGS and start again",
    "ANSIBLE_INVENTORY=other.yml": "unset ANSIBLE_INVENTORY and start again",
    "ANSIBLE_TRANSPORT=local": "unset ANSIBLE_TRANSPORT and start again",
    "ANSIBLE_FORKS=2": "forks is 2",
    "ANSIBLE_CALLBACKS_ENABLED=ansible.builtin.tree": "The journal is not being written",
    "ANSIBLE_CONFIG=other.cfg": "Unset ANSIBLE_CONFIG and start again",
    "ANSIBLE_INVENTORY_ENABLED=yaml,ini": "unset ANSIBLE_INVENTORY_ENABLED",
}
# Together, since they are all named at once.
TOGETHER = {
    "ANSIBLE_ACTION_PLUGINS": "empty",
    "ANSIBLE_ANY_ERRORS_FATAL": "true",
    "ANSIBLE_BECOME_METHOD": "su",
    "ANSIBLE_CALLBACK_PLUGINS": "empty",
    "ANSIBLE_CONNECTION_PLUGINS": "empty",
    "ANSIBLE_ENABLE_TASK_DEBUGGER": "true",
    "ANSIBLE_FILTER_PLUGINS": "empty",
    "ANSIBLE_GATHERING": "smart",
    "ANSIBLE_HASH_BEHAVIOUR": "merge",
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_INVENTORY_PLUGINS": "empty",
    "ANSIBLE_LIBRARY": "empty",
    "ANSIBLE_LOOKUP_PLUGINS": "empty",
    "ANSIBLE_MODULE_UTILS": "empty",
    "ANSIBLE_PRECEDENCE": "all_inventory",
    "ANSIBLE_REMOTE_PORT": "2222",
    "ANSIBLE_ROLES_PATH": "empty",
    "ANSIBLE_SSH_ARGS": "-o StrictHostKeyChecking=no",
    "ANSIBLE_SSH_COMMON_ARGS": "-o StrictHostKeyChecking=no",
    "ANSIBLE_SSH_EXECUTABLE": "/usr/bin/ssh",
    "ANSIBLE_STRATEGY": "free",
    "ANSIBLE_STRATEGY_PLUGINS": "empty",
    "ANSIBLE_TASK_TIMEOUT": "600",
    "ANSIBLE_TIMEOUT": "60",
    "ANSIBLE_VARS_PLUGINS": "empty",
    "_ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR": "warning",
}
HARMLESS = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_STDOUT_CALLBACK": "minimal",
    "ANSIBLE_HOST_KEY_CHECKING": "True",
    "ANSIBLE_FORKS": "50",
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree,bascule.continuity.journal",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "PYTHONPATH": "/nowhere",
}
# In the order in which they are named.
OPTIONS = (
    "--become",
    "--force-handlers",
    "--private-key=/dev/null",
    "--user=root",
    "--ssh-common-args=-oStrictHostKeyChecking=no",
    "--ssh-extra-args=-oStrictHostKeyChecking=no",
    "--module-path=/tmp",
)
VARIABLES = {
    "gated": {"unit": {"in_scope": False}, "playbooks": "/tmp"},
    "unit": {"in_scope": False},
    "run": {"check": True},
    "ansible_connection": "local",
    "ansible_host": "127.0.0.1",
    "ansible_check_mode": True,
    "bascule_phase": "protect",
    "bascule_state": "/tmp",
    "step_options": {"mode": "stop"},
    "known_hosts_lines": [],
}
ADDED = (
    "group_vars/all.yml",
    "host_vars/db2.yml",
    "inventory/group_vars/all.yml",
    "library/double.py",
    "action_plugins/gate.py",
    "roles/website/tasks/main.yml",
    "lib/yaml.py",
    "playbooks/systems/double/more.yml",
    "collections/ansible_collections/bascule/continuity/plugins/action/more.py",
)


@pytest.fixture
def sealed(firm: Make) -> Firm:
    """A firm whose folder is as it was compiled."""
    return firm()


def refused(firm: Firm, said: str, *arguments: str, driver: str = "dr-activate.yml", **more: str) -> str:
    """Run a driver; it must end as refused, say why in plain words, and touch nothing. Returns its output."""
    code, output = firm.run(driver, *arguments, **more)
    assert code == REFUSED, output
    assert said in output, output
    assert "Traceback" not in output
    untouched(firm)
    return output


def untouched(firm: Firm) -> None:
    assert firm.done() == []
    assert not list(firm.root.glob("*/double/groups"))
    assert not list(firm.root.glob("*/double/lock.json"))


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_environment_is_refused(sealed: Firm, setting: str) -> None:
    shutil.copy(sealed.folder / "inventory/hosts.yml", sealed.folder / "other.yml")
    shutil.copy(sealed.folder / "ansible.cfg", sealed.folder / "other.cfg")
    name, _, value = setting.partition("=")
    refused(sealed, SETTINGS[setting], **{name: value})


def test_settings_that_change_what_is_done_are_all_named_at_once(sealed: Firm) -> None:
    (sealed.folder / "empty").mkdir()
    refused(sealed, f"Say unset {' '.join(TOGETHER)} and start again", **TOGETHER)


@pytest.mark.full
def test_settings_that_only_change_the_looks_are_let_through(sealed: Firm) -> None:
    code, output = sealed.run("dr-activate.yml", "--check", **HARMLESS)
    assert code == 0, output
    assert {line["step"] for line in sealed.done()} == {"points"}


def test_options_that_reach_machines_in_another_way_are_refused(sealed: Firm) -> None:
    said = f"{' and '.join(flag.partition('=')[0] for flag in OPTIONS)} would reach machines in another way"
    refused(sealed, said, *OPTIONS)


def test_variables_that_would_override_ours_are_refused(sealed: Firm, tmp_path: Path) -> None:
    names = ", ".join(sorted(VARIABLES))
    refused(sealed, f"-e {names}: no driver knows this", "-e", json.dumps(VARIABLES))
    file = tmp_path / "vars.yml"
    file.write_text(json.dumps({**VARIABLES, "tryton_port": 8000}))
    refused(sealed, f"-e {names} would take the place of what the run itself goes by", "-e", f"@{file}")


@pytest.mark.full
def test_all_that_steps_set_is_refused_in_a_file_and_the_rest_is_not() -> None:
    from ansible_collections.bascule.continuity.plugins.plugin_utils import _refused_variables as variables

    playbooks = list((ROOT / "playbooks").rglob("*.yml"))
    text = "\n".join(path.read_text() for path in playbooks)
    names = {line.split()[-1] for line in text.splitlines() if line.strip().startswith(("register:", "loop_var:"))}
    assert len(names) > 20
    for name in (*names, *VARIABLES, "ansible_user", "bascule_home", "bascule"):
        assert variables.overriding([name], playbooks), name
    assert variables.overriding(["tryton_port", "vault_dns_key", "only"], playbooks) is None


def test_a_template_in_an_option_is_text(sealed: Firm, tmp_path: Path) -> None:
    never = tmp_path / "never"
    refused(sealed, "no activity", "-e", f"""only="{{{{ lookup('pipe', 'touch {never}') }}}}" """)
    assert not never.exists()


def test_files_that_a_run_would_take_in_are_refused(sealed: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.bascule.continuity.plugins.plugin_utils import _refused_folder

    with monkeypatch.context() as inside:
        inside.chdir(sealed.folder)
        for name in ADDED:
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
            assert (_refused_folder.changed_files({}) or ("", ""))[1].startswith(f"{name}: not compiled"), name
            path.unlink()
    (sealed.folder / ADDED[0]).write_text("step_options: {}\n")
    refused(sealed, f"{ADDED[0]}: not compiled, and a run would take it in")


def test_linked_folders_are_refused(sealed: Firm, tmp_path: Path) -> None:
    for name in ("group_vars", "playbooks/systems/more"):
        (sealed.folder / name).symlink_to(tmp_path)
    refused(sealed, "group_vars, playbooks/systems/more: not compiled")


@pytest.mark.full
def test_what_people_leave_beside_is_let_alone(sealed: Firm) -> None:
    left = [sealed.folder / name for name in ("activate.log", ".git/config", "wheels/x.whl", "notes/who-to-call.txt")]
    cache = sealed.folder / "lib/bascule_runtime/__pycache__/more.pyc"
    for path in (*left, cache):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    code, output = sealed.run("dr-status.yml")
    assert code == 0, output


def test_a_file_that_is_gone_is_refused(firm: Make) -> None:
    made = firm()
    (made.folder / "playbooks/steps/fence.yml").unlink()
    refused(made, "playbooks/steps/fence.yml: not what was compiled")
    (made.folder / "MANIFEST.sha256").unlink()
    refused(made, "MANIFEST.sha256 is missing")


def test_an_inventory_of_another_plan_is_refused(firm: Make) -> None:
    made = firm()
    path = made.folder / "inventory/hosts.yml"
    text = path.read_text()
    path.write_text(text.replace("files2", "files3"))
    refused(made, "inventory/hosts.yml: not what was compiled")
    made.seal()
    refused(made, "do not name the same units and machines")


def test_units_and_machines_are_the_plans_and_each_unit_has_a_worker(sealed: Firm) -> None:
    from ansible_collections.bascule.continuity.plugins.plugin_utils import _refusals

    plan = json.loads((sealed.folder / "plan.json").read_text())
    units, machines = in_turn({unit["id"]: unit["after"] for unit in plan["units"]}), sorted(plan["machines"])
    same = {"units": units, "machines": machines}
    assert _refusals.other_machines({"forks": len(units)}, same, plan) is None
    for other in ({**same, "units": units[::-1]}, {**same, "units": units[1:]}, {**same, "machines": machines[1:]}, {}):
        assert (_refusals.other_machines({"forks": 50}, other, plan) or ("",))[0] == "other-inventory"
    assert (_refusals.other_machines({"forks": len(units) - 1}, same, plan) or ("",))[0] == "few-forks"


def test_a_playbook_of_somebody_else_is_refused(sealed: Firm, tmp_path: Path) -> None:
    text = (sealed.folder / "dr-activate.yml").read_text()
    parts = text.split("\n- name: ")
    shorter = "\n- name: ".join(part for part in parts if not part.startswith("Stop the side"))
    assert len(shorter) < len(text)
    for path in (tmp_path / "dr-activate.yml", sealed.folder / "mine/dr-activate.yml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shorter)
        refused(sealed, "is not a driver of this folder", driver=str(path))


def test_two_drivers_at_once_are_refused(sealed: Firm) -> None:
    refused(sealed, "start one driver at a time", "dr-activate.yml", driver="dr-status.yml")


def test_another_working_folder_is_refused_whatever_finds_the_plugins(sealed: Firm) -> None:
    for more in ({}, {"ANSIBLE_CONFIG": "build/ansible.cfg"}):
        code, output = sealed.run("build/dr-activate.yml", cwd=sealed.home, **more)
        assert code == REFUSED, output
        assert f"{sealed.home} is not a compiled folder" in output
        untouched(sealed)


@pytest.mark.full
def test_a_runtime_from_elsewhere_does_not_take_the_place_of_the_folders(sealed: Firm, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src/bascule_runtime", tmp_path / "bascule_runtime")
    (tmp_path / "bascule_runtime/scope.py").write_text("raise RuntimeError('not this one')\n")
    code, output = sealed.run("dr-activate.yml", "--check", PYTHONPATH=f"{tmp_path}:{sealed.folder / 'lib'}")
    assert code == 0, output


def test_code_from_elsewhere_is_refused(sealed: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.bascule.continuity.plugins.plugin_utils import _refused_settings as settings

    # Here the plugins are the checkout's, as they would be for a folder whose settings were not read.
    monkeypatch.chdir(sealed.folder)
    assert "took bascule.continuity from" in (settings.foreign_code({}) or ("", ""))[1]
    inside = sealed.folder / settings.COLLECTION / "plugins/plugin_utils/_refused_settings.py"
    monkeypatch.setattr(settings, "__file__", str(inside))
    assert "took bascule_runtime from" in (settings.foreign_code({}) or ("", ""))[1]
    monkeypatch.setattr(settings, "package_folder", lambda: sealed.folder / "lib/bascule_runtime")
    assert settings.foreign_code({}) is None


def test_step_by_step_asks_nothing_even_without_the_journal(sealed: Firm) -> None:
    code, output = sealed.run("dr-activate.yml", "--step", ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.tree")
    assert code != 0, output
    untouched(sealed)


TYPED = (
    "it's {{ lookup('pipe', 'touch NEVER') }} \"burning\" $HOME $(touch NEVER) `touch NEVER` {% raw %}",
    "  incendie à l'étage, côté cour – déclaré par Zoé  ",
    "first line\nsecond line\t(tab)\n",
    "🔥 👩‍🚒 salle nº 1",
    "\x1b[31mred\x1b[0m \x07",
    "- !!python/object/apply:os.system ['touch NEVER']",
)


def test_what_was_declared_arrives_to_the_byte(sealed: Firm, tmp_path: Path) -> None:
    typed = f"  {chr(10).join(TYPED)} \n".replace("NEVER", str(tmp_path / "never"))
    code, output = sealed.run("dr-activate.yml", "--check", BASCULE_DECLARE=typed, BASCULE_UNFENCED=typed)
    assert code == 0, output
    guards = [event for event in sealed.journal() if event["event"] == "guard"]
    assert {(event["declared"], event["unfenced"]) for event in guards} == {(typed, typed)}
    (folder,) = (sealed.folder / "runs").iterdir()
    assert json.loads((folder / "report.json").read_text())["run"]["declared"] == typed
    assert "\x1b" not in output, "what was typed steers no terminal"
    assert "\x07" not in output
    assert not (tmp_path / "never").exists()


@pytest.mark.full
def test_bytes_that_are_no_utf_8_are_written_as_what_they_are(sealed: Firm) -> None:
    code, output = sealed.run(
        "dr-activate.yml", "--check", BASCULE_DECLARE=os.fsdecode("incendie à l'étage".encode("latin-1"))
    )
    assert code == 0, output
    guards = [event for event in sealed.journal() if event["event"] == "guard"]
    assert {event["declared"] for event in guards} == {r"incendie \xe0 l'\xe9tage"}
    assert r"incendie \xe0 l'\xe9tage" in output
