# SPDX-License-Identifier: Apache-2.0
"""The command `bascule`: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bascule import api
from bascule.cli import COMMANDS, main
from bascule.commands import _host_keys as keys

SMALL = Path(__file__).parents[1] / "golden" / "small" / "policy.yml"
BUILT = Path(__file__).parents[2] / "examples" / "atelier" / "policy-aws.yml"
# Made for this test: the keys of no machine.
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQAA"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policy.yml").write_text(SMALL.read_text())
    return tmp_path / "policy.yml"


@pytest.fixture
def folder(policy: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["compile", str(policy), "-o", str(policy.parent / "build")]) == 0
    capsys.readouterr()
    return policy.parent / "build"


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!{sys.executable}\n{body}")
    (folder / name).chmod(stat.S_IRWXU)


def test_check(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(policy)]) == 0
    policy.write_text(policy.read_text().replace("mtpd: 1d", "mtpd: soon"))
    assert main(["check", str(policy), "--json"]) == 1
    found = json.loads(capsys.readouterr().out.partition("\n")[2])["findings"]
    assert [item["code"] for item in found] == ["BC204"]
    assert main(["check", str(policy), "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=")


@pytest.mark.parametrize("command", ["plan", "compile", "diff"])
def test_findings_are_said_once_and_end_with_1(
    policy: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compile", str(policy), "-o", str(tmp_path / "build")])
    policy.write_text(policy.read_text().replace("mtpd: 1d", "mtpd: soon"))
    capsys.readouterr()
    more = {"plan": [], "compile": ["-o", str(tmp_path / "build")], "diff": [str(tmp_path / "build")]}[command]
    assert main([command, str(policy), *more]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("BC204")) == ("", 1)


def test_plan(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(policy)]) == 0
    assert "system.till  after system.till-db" in capsys.readouterr().out
    assert main(["plan", str(policy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "bascule/plan/v1"


def test_plan_shows_what_is_built(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(BUILT)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["db2", "t3.small", "40", "GiB", "10.20.0.11", "runs", "stays"] in lines
    assert ["app2", "t3.small", "20", "GiB", "10.20.0.12", "is", "not", "there", "is", "built"] in lines
    assert main(["plan", str(policy)]) == 0
    assert "is built" not in capsys.readouterr().out


def test_keys_are_asked_only_of_machines_that_exist(
    tmp_path: Path, scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(BUILT), "-o", str(tmp_path / "build")]) == 0
    assert "is pinned for db1, app1, files1, outside:" in capsys.readouterr().out
    scanned.write_text("")
    main(["trust", str(BUILT), "--json"])
    assert [item["machine"] for item in json.loads(capsys.readouterr().out)] == ["db1", "app1", "files1", "outside"]


def test_a_key_of_another_address_that_begins_alike_is_none_of_this_machine(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for pinned, asked in (("[10.90.1.111]:2222", True), ("[10.90.1.11]:22222", True), ("[10.90.1.11]:2222", False)):
        (policy.parent / "known_hosts").write_text(f"{pinned} {ED25519}\n")
        assert main(["compile", str(policy), "-o", str(policy.parent / "build")]) == 0
        assert ("shop1" in capsys.readouterr().out) == asked


def test_compile_check(policy: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(policy), "-o", str(folder), "--check"]) == 0
    (folder / "plan.json").write_text("{}")
    (folder / "checks.json").unlink()
    assert main(["compile", str(policy), "-o", str(folder), "--check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (found["added"], found["removed"], found["changed"]) == (["checks.json"], [], ["plan.json"])


def test_compile_elsewhere_fails_with_3(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(policy), "-o", str(tmp_path)]) == 3
    assert "was not made by bascule" in capsys.readouterr().err
    assert main(["compile", str(policy), "-o", str(tmp_path / "b"), "--known-hosts", str(tmp_path / "none")]) == 3
    assert main(["compile", str(policy), "-o", str(policy / "b")]) == 3


def test_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compile"])
    assert ended.value.code == 2
    assert main(["explain", "BC000"]) == 2


def test_help_names_every_command_and_is_fast() -> None:
    def seconds(*command: str) -> float:
        # Of the processor: other tests may be running.
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=300)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime

    shown = subprocess.run(
        [sys.executable, "-m", "bascule", "--help"], check=True, capture_output=True, text=True, timeout=300
    )
    assert all(f"\n    {name} " in shown.stdout for name in COMMANDS)
    # What checks a policy takes longer to import than all of this.
    # In turns, so that what slows this computer down slows down both.
    taken = [(seconds("-m", "bascule", "--help"), seconds("-c", "import jsonschema")) for _ in range(5)]
    assert min(helped for helped, _heavy in taken) < min(heavy for _helped, heavy in taken)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, bascule.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300)
    assert not {"yaml", "jsonschema", "subprocess", "bascule_runtime", "bascule.api"} & set(ended.stderr.split())


def run_driver(folder: Path, tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bascule", "run", *arguments]
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_run_calls_ansible_once_and_returns_its_code(folder: Path, tmp_path: Path) -> None:
    (folder / "dr-activate.yml").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    body = (
        "import json, os, sys\n"
        "seen = [sys.argv[1:], os.getcwd(), os.environ.get('BASCULE_DECLARE'), os.environ.get('BASCULE_UNFENCED')]\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write(json.dumps(seen) + '\\n')\nsys.exit(4)\n"
    )
    program(tools, "ansible-playbook", body)
    reason = "l'eau {{ monte }} ; vite"
    ended = run_driver(
        tmp_path, tools, "activate", "-C", str(folder), "--because", reason, "-e", "only=sell it", "--check"
    )
    assert ended.returncode == 4
    calls = [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]
    extra = json.dumps({"only": {"__ansible_unsafe": "sell it"}})
    assert calls == [[["dr-activate.yml", "-e", extra, "--check"], str(folder), reason, None]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "has no driver nonsense"),
        (["../outside"], 2, "has no driver"),
        (["activate"], 2, "needs a reason"),
        (["activate", "--because", "x", "-e", "onyl=sell"], 2, "there is scenario=, only="),
        (["activate", "--because", "x", "-e", "only"], 2, "not an option of a driver"),
    ],
)
def test_run_refuses(folder: Path, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    (folder / "dr-activate.yml").touch()
    ended = run_driver(folder, tmp_path, *arguments)
    assert (ended.returncode, said in ended.stderr, "Traceback" in ended.stderr) == (code, True, False)


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A double of ssh-keyscan: it says what stands in the file that is returned."""
    tools = tmp_path / "tools"
    tools.mkdir()
    answer = tmp_path / "answer"
    program(tools, "ssh-keyscan", f"import sys\nsys.stdout.write(open({str(answer)!r}).read())")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    answer.write_text(f"# comment\n[10.90.1.11]:2222 {RSA}\n[10.90.1.11]:2222 {ED25519}\n")
    return answer


def test_trust_never_pins_unasked(policy: Path, scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "shop1", str(policy)]) == 1
    assert f"--fingerprint {keys.fingerprint(ED25519)}" in capsys.readouterr().out
    assert not (policy.parent / "known_hosts").exists()


def test_trust_pins_what_was_compared(policy: Path, scanned: Path) -> None:
    assert main(["trust", "shop1", str(policy), "--fingerprint", "SHA256:other"]) == 1
    assert not (policy.parent / "known_hosts").exists()
    assert main(["trust", "shop1", str(policy), "--fingerprint", keys.fingerprint(ED25519)]) == 0
    assert (policy.parent / "known_hosts").read_text() == f"[10.90.1.11]:2222 {ED25519}\n"
    assert main(["trust", "shop1", str(policy)]) == 0


def test_trust_says_when_another_key_is_pinned(policy: Path, scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = policy.parent / "known_hosts"
    known.write_text(f"192.0.2.1 {RSA}\n")
    assert main(["trust", "shop1", str(policy), "--yes"]) == 0
    scanned.write_text(f"[10.90.1.11]:2222 {RSA}\n")
    assert main(["trust", "shop1", str(policy), "--yes"]) == 1
    assert "ANOTHER key is pinned" in capsys.readouterr().out
    assert main(["trust", "shop1", str(policy), "--fingerprint", keys.fingerprint(RSA)]) == 0
    assert known.read_text() == f"192.0.2.1 {RSA}\n[10.90.1.11]:2222 {RSA}\n"


def test_trust_of_silent_strange_and_hidden_machines(
    policy: Path, scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scanned.write_text("")
    assert main(["trust", "shop1", str(policy), "--yes"]) == 3
    assert main(["trust", "nobody", str(policy), "--yes"]) == 2
    assert main(["trust", "shop2", str(policy), "--yes"]) == 3
    assert "write it into the policy as host_key" in capsys.readouterr().err


def test_init_writes_a_policy_that_is_fine_and_never_overwrites(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    assert main(["init", str(policy), "--language", "fr", "--name", "L'Étal", "--id", "etal"]) == 0
    assert main(["check", str(policy)]) == 0
    before = policy.read_text()
    assert main(["init", str(policy)]) == 3
    assert policy.read_text() == before


def test_init_asks_and_asks_again_what_has_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yml"
    typed = ["L'Étal: pains & co", "", "Bake", "http://shop.example.test/", "10.1.2.300", "10.1.2.3", "10.9.2.3", "ops"]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in typed)))
    assert main(["init", str(policy), "--ask", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["written"][0] == str(policy)
    assert "[l-etal-pains-co]: " in said.err
    assert said.err.count("Address of the machine that does it today") == 2
    assert "10.1.2.300" in said.err
    plan = api.plan(policy)
    assert {name: machine.address for name, machine in plan.machines.items()} == {
        "server1": "10.1.2.3", "server2": "10.9.2.3"}  # fmt: skip
    assert {machine.user for machine in plan.machines.values()} == {"ops"}
    assert plan.policy.name == {"en": typed[0]}
    # Whoever stops in the middle of what does not fit gets no policy.
    monkeypatch.setattr("sys.stdin", io.StringIO("A\nNot An Id\n"))
    assert main(["init", str(tmp_path / "other.yml"), "--ask"]) == 2
    assert not (tmp_path / "other.yml").exists()


INVENTORY = """[prod]
erp.example.test ansible_host=10.0.0.5 ansible_user=admin
[secours]
nas ansible_host=10.1.0.5
"""


@pytest.mark.slow
def test_init_from_an_inventory_of_ansible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = tmp_path / "hosts.ini"
    hosts.write_text(INVENTORY)
    assert main(["init", str(tmp_path / "one.yml"), "--inventory", str(hosts)]) == 0
    listed = subprocess.run(
        [sys.executable, "-m", "ansible.cli.inventory", "-i", str(hosts), "--list"], capture_output=True, timeout=300,
        check=True,
    )  # fmt: skip
    (tmp_path / "hosts.json").write_bytes(listed.stdout)
    assert main(["init", str(tmp_path / "two.yml"), "--inventory", str(tmp_path / "hosts.json")]) == 0
    assert (tmp_path / "one.yml").read_text() == (tmp_path / "two.yml").read_text()
    machines = api.plan(tmp_path / "one.yml").machines
    assert {name: (machine.address, machine.user) for name, machine in machines.items()} == {
        "erp": ("10.0.0.5", "admin"), "nas": ("10.1.0.5", "admin")}  # fmt: skip
    (tmp_path / "broken.yml").write_text("all: {hosts: [")
    assert main(["init", str(tmp_path / "three.yml"), "--inventory", str(tmp_path / "broken.yml")]) == 2
    assert "broken.yml is no inventory of Ansible" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(policy: Path) -> None:
    command = f"{sys.executable} -m bascule plan {policy} --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_trust_without_a_machine_asks_all(policy: Path, scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", str(policy), "--yes", "--json"]) == 1
    found = {item["machine"]: item["pinned"] for item in json.loads(capsys.readouterr().out)}
    # shop2 is reached through another machine.
    assert found == {"shop1": True, "shop2": False, "gate": True}
    assert main(["trust", str(policy), "--fingerprint", keys.fingerprint(RSA)]) == 2


def test_wheels_are_those_of_a_run_with_this_python() -> None:
    from bascule.commands._wheels import _wanted

    names = sorted(word.split("<")[0].split(">")[0].strip() for word in _wanted())
    assert names == ["ansible-core", "pytest", "pytest-testinfra"]
    assert "pulumi-aws" in " ".join(_wanted(("aws",)))
    core = next(word for word in _wanted() if word.startswith("ansible-core"))
    assert ("<2.20" in core) == (sys.version_info < (3, 12))


def test_wheels_say_when_pip_fails(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *words, **more: subprocess.CompletedProcess(words, 1))
    assert main(["compile", str(policy), "-o", str(tmp_path / "build"), "--wheels"]) == 3
    assert "compile without --wheels" in capsys.readouterr().err
    assert not (tmp_path / "build" / "wheels" / "SHA256SUMS").exists()


def test_options_may_stand_between_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in ([str(BUILT), "orders", "--lang", "en"], [str(BUILT), "--lang", "en", "orders"]):
        main(["options", *words])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "Ten minutes" in told[0]
