# SPDX-License-Identifier: Apache-2.0
"""The jobs' bodies are run: `check` with the real bascule, the others with doubles of what they start."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "golden" / "small" / "policy.yml"
PASSPHRASE = "s3cr3t-of-the-state"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOj0P5P4TQ3TeFz20Gg"
BRIDGE = """\
import json, os, sys
from pathlib import Path
request = json.loads(sys.stdin.readline())
with open(os.environ["DOUBLE"], "a") as seen:
    names = ("PULUMI_CONFIG_PASSPHRASE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "BASCULE_ID_TOKEN")
    given = {name: os.environ.get(name) for name in names}
    token = Path(given["AWS_WEB_IDENTITY_TOKEN_FILE"] or "/nowhere")
    given["token"] = [token.read_text(), oct(token.stat().st_mode & 0o777)] if token.exists() else None
    seen.write(json.dumps({"request": request, "given": given}) + "\\n")
answers = json.loads(Path(os.environ["ANSWERS"]).read_text())
for event in answers[request["config"]["bascule:phase"]]:
    print(json.dumps(event), flush=True)
sys.exit(event["event"] != "end")
"""
ANSIBLE = """\
#!/usr/bin/env python3
import os, shutil, sys
from pathlib import Path

print("::error::not a command of a workflow")
print("arguments:", *sys.argv[1:])
if os.environ.get("REFUSES"):
    sys.exit(2)
run = Path("runs") / "20261126T100000Z-verify-00ff"
run.mkdir(parents=True)
shutil.copy(next(Path(os.environ["PAGES"]).glob("runs/*/journal.jsonl")), run)
(run / "verify.xml").write_text("<testsuites/>")
(run / "report.json").write_text("{}")
(run / "report.txt").write_text("``` </pre> <b>report</b>\\n")
sys.exit(int(os.environ.get("ENDS", "0")))
"""


def job(body: Path, cwd: Path, given: Mapping[str, str], github: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a body as a pipeline would, in a directory, with the tools of this Python on PATH."""
    left_out = ("BASCULE", "GITHUB", "ANSIBLE", "AWS_", "PULUMI", "CI", "say_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    on_path = [given.get("FIRST", ""), str(Path(sys.executable).parent), kept["PATH"]]
    environment = {**kept, **given, "PATH": os.pathsep.join(filter(None, on_path)), "HOME": str(cwd)}
    if github:
        environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(cwd / "summary")}
    return subprocess.run(
        [str(body)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def commands(output: str) -> list[str]:
    """What GitHub takes for commands of a workflow in the output of a step."""
    found, silent = [], ""
    for line in output.splitlines():
        hit = re.match(r"\s*::(\S+?)(?:\s.*?)?::(.*)", line)
        if silent:
            silent = "" if line == f"::{silent}::" else silent
        elif line.startswith("::stop-commands::"):
            silent = line.removeprefix("::stop-commands::")
        elif hit:
            found.append(line)
    assert not silent, "commands stayed off"
    return found


@pytest.fixture
def repository(tmp_path: Path, folders: dict[str, Path]) -> Path:
    """A repository with a policy and the folder that it gives."""
    shutil.copy(SMALL, tmp_path / "policy.yml")
    shutil.copytree(folders["small"], tmp_path / "build")
    return tmp_path


def check(repository: Path, github: bool = False, **given: str) -> subprocess.CompletedProcess[str]:
    return job(repository / "build" / "ci" / "check.sh", repository, given, github)


def alter(repository: Path, old: str, new: str) -> None:
    policy = repository / "policy.yml"
    assert old in policy.read_text()
    policy.write_text(policy.read_text().replace(old, new))


@pytest.mark.slow
@pytest.mark.parametrize("github", [False, True])
def test_check_is_content_with_what_belongs_together(repository: Path, github: bool) -> None:
    ended = check(repository, github)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "is what the policy gives" in ended.stdout
    assert commands(ended.stdout) == []


def test_a_changed_policy_fails_and_what_it_means_is_said(repository: Path) -> None:
    alter(repository, "target: {rto: 2h, rpo: 30m}", "target: {rto: 90m, rpo: 30m}")
    ended = check(repository, github=True)
    assert ended.returncode == 1
    told = commands(ended.stdout)
    assert len(told) == 1
    assert told[0].startswith("::error file=policy.yml::The compiled folder is not what the policy gives")
    assert "%0Aactivity sell: target rto was 2h, is 90m" in told[0]


@pytest.mark.slow
def test_a_folder_that_was_edited_fails(repository: Path) -> None:
    (repository / "build" / "ssh_config").write_text("Host *\n")
    ended = check(repository)
    assert ended.returncode == 1
    assert "compile the policy again" in ended.stderr
    assert "~ ssh_config" in ended.stderr


def test_a_broken_policy_shows_its_findings_on_the_lines_of_the_change(repository: Path) -> None:
    alter(
        repository, "target: {rto: 4h, rpo: 1h}\n    uses: [papers]", "targit: {rto: 4h, rpo: 1h}\n    uses: [papers]"
    )
    ended = check(repository, github=True)
    assert ended.returncode == 1
    told = commands(ended.stdout)
    line = 1 + (repository / "policy.yml").read_text().split("targit")[0].count("\n")
    assert [text for text in told if text.startswith(f"::error file=policy.yml,line={line},col=") and "BC201" in text]
    ended = check(repository)
    assert ended.returncode == 1
    assert f"policy.yml:{line}:" in ended.stdout


@pytest.mark.slow
def test_texts_of_a_policy_are_no_commands(repository: Path) -> None:
    hostile = repository / "build" / "checks" / "x\n::error::mine\n%0A::warning::"
    hostile.parent.mkdir()
    hostile.write_text("")
    alter(repository, 'en: "Sell bread"', 'en: "::error file=x::y"')
    told = commands(check(repository, github=True).stdout)
    assert len(told) == 1
    assert told[0].startswith("::error file=policy.yml::The compiled folder is not")


@pytest.mark.slow
def test_a_policy_elsewhere_and_keys_elsewhere(repository: Path) -> None:
    (repository / "deep").mkdir()
    (repository / "policy.yml").rename(repository / "deep" / "firm.yml")
    assert check(repository).returncode == 1
    assert check(repository, BASCULE_POLICY="deep/firm.yml").returncode == 0
    keys = repository / "keys"
    keys.write_text(f"10.90.2.11 {KEY}\n")
    assert check(repository, BASCULE_POLICY="deep/firm.yml", BASCULE_KNOWN_HOSTS="keys").returncode == 1


@pytest.mark.slow
def test_a_copy_that_has_grown_old_is_said(repository: Path) -> None:
    workflows = repository / ".github" / "workflows"
    shutil.copytree(repository / "build" / "ci" / "github", workflows)
    assert commands(check(repository, github=True).stdout) == []
    (workflows / "bascule-verify.yml").write_text("name: of last year\n")
    ended = check(repository, github=True)
    assert ended.returncode == 0
    assert [text.split("::")[1] for text in commands(ended.stdout)] == [
        "warning file=.github/workflows/bascule-verify.yml"
    ]


@pytest.mark.slow
def test_without_bascule_it_says_where_to_get_it(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("bash", "dirname", "env", "cat"):
        (bare / name).symlink_to(str(shutil.which(name)))
    body = repository / "build" / "ci" / "check.sh"
    ended = subprocess.run(
        [str(body)], cwd=repository, env={"PATH": str(bare)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "BASCULE_PACKAGE" in ended.stderr


@pytest.fixture
def served(tmp_path: Path, folders: dict[str, Path]) -> dict[str, str]:
    """A compiled folder and, first on PATH, a double of ansible-playbook that leaves the journal of a stored run."""
    pages = ROOT / "tests" / "pages" / "atelier"
    shutil.copytree(folders["atelier"], tmp_path / "build")
    shutil.copy(pages / "plan.json", tmp_path / "build")
    doubles = tmp_path / "doubles"
    doubles.mkdir()
    (doubles / "ansible-playbook").write_text(ANSIBLE)
    (doubles / "ansible-playbook").chmod(0o755)
    return {"FIRST": str(doubles), "PAGES": str(pages)}


def verify(where: Path, given: Mapping[str, str], github: bool = False) -> subprocess.CompletedProcess[str]:
    return job(where / "build" / "ci" / "verify.sh", where, given, github)


def test_verify_keeps_junit_and_the_report(tmp_path: Path, served: dict[str, str]) -> None:
    (tmp_path / "vault.yml").write_text("{}")
    ended = verify(tmp_path, {**served, "BASCULE_VARIABLES": "vault.yml"}, github=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"arguments: dr-verify.yml -e @{tmp_path}/vault.yml" in ended.stdout
    assert commands(ended.stdout) == []
    kept = {path.name for path in (tmp_path / "bascule-results").iterdir()}
    assert kept == {"verify.xml", "report.html", "report.json", "report.txt", "journal.jsonl", "summary.md"}
    assert "<html" in (tmp_path / "bascule-results" / "report.html").read_text()
    # Nothing of it is markup where the summary is shown.
    assert all(line.startswith("    ") for line in (tmp_path / "summary").read_text().splitlines())


@pytest.mark.slow
def test_a_verification_that_fails_keeps_its_results_too(tmp_path: Path, served: dict[str, str]) -> None:
    ended = verify(tmp_path, {**served, "ENDS": "2"})
    assert ended.returncode == 2
    assert "le rapport dit ce qui diffère" in ended.stderr
    assert (tmp_path / "bascule-results" / "verify.xml").exists()


@pytest.mark.slow
def test_a_verification_that_did_not_begin_leaves_nothing_of_an_earlier_one(
    tmp_path: Path, served: dict[str, str]
) -> None:
    assert verify(tmp_path, served).returncode == 0
    ended = verify(tmp_path, {**served, "REFUSES": "1"})
    assert ended.returncode == 1
    assert "n'a pas commencé" in ended.stderr
    assert list((tmp_path / "bascule-results").iterdir()) == []


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"event": kind, **fields}


def ended_well(*steps: tuple[str, str, str], simulated: bool = False) -> dict[str, Any]:
    found = [{"op": op, "type": kind, "urn": f"urn:pulumi:standby::bascule-atelier::{kind}::{name}"}
             for op, kind, name in steps]  # fmt: skip
    return event("end", steps=found, summary={"create": len(steps), "same": 20}, simulated=simulated, changed=True)


@pytest.fixture
def cloud(tmp_path: Path, folders: dict[str, Path]) -> dict[str, str]:
    """A compiled folder of a standby in AWS whose bridge is a double, and doubles of Pulumi's programs."""
    for package in ("boto3", "pulumi_aws", "pulumi_policy"):
        # Other Pythons run the tests with less installed; the job would install it now.
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    shutil.copytree(folders["atelier-aws"], tmp_path / "build")
    (tmp_path / "build" / "stack" / "bridge.py").write_text(BRIDGE)
    doubles = tmp_path / "doubles"
    doubles.mkdir()
    for name in ("pulumi", "pulumi-resource-aws"):
        (doubles / name).write_text("#!/bin/sh\nexit 0\n")
        (doubles / name).chmod(0o755)
    return {
        "FIRST": str(doubles), "DOUBLE": str(tmp_path / "seen"), "ANSWERS": str(tmp_path / "answers"),
        "BASCULE_PUBLIC_KEY": KEY, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    }  # fmt: skip


def preview(
    where: Path, given: Mapping[str, str], protect: list[Any], activate: list[Any], github: bool = False
) -> subprocess.CompletedProcess[str]:
    (where / "answers").write_text(json.dumps({"protect": protect, "activate": activate}))
    return job(where / "build" / "ci" / "preview.sh", where, given, github)


def seen(where: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (where / "seen").read_text().splitlines()]


def test_the_preview_asks_for_both_phases_and_shows_them(tmp_path: Path, cloud: dict[str, str]) -> None:
    protect = [event("note", text="A note."), ended_well()]
    activate = [event("said", severity="warning", urn="", message="provider: double: nothing"),
                ended_well(("create", "aws:ec2/instance:Instance", "app2"), simulated=True)]  # fmt: skip
    ended = preview(tmp_path, cloud, protect, activate, github=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    text = (tmp_path / "bascule-results" / "preview.md").read_text()
    assert text == (tmp_path / "summary").read_text()
    before, _, after = text.partition("### Une bascule")
    assert before.startswith("## Le site de secours, si ceci était construit\n")
    assert "Rien." in before
    assert "| `+` | `aws:ec2/instance:Instance` | `app2` |" in after
    assert "1 create, 20 same" in after
    assert "**Simulé :" in after
    assert commands(ended.stdout) == []
    asked = [entry["request"] for entry in seen(tmp_path)]
    assert [entry["config"] for entry in asked] == [
        {"bascule:phase": phase, "bascule:publicKey": KEY} for phase in ("protect", "activate")
    ]
    assert {(entry["do"], entry["stack"], entry["policy"]) for entry in asked} == {("preview", "standby", "atelier")}
    assert asked[0]["folder"] == str(tmp_path / "build")


@pytest.mark.slow
def test_a_preview_that_fails_says_why_and_fails(tmp_path: Path, cloud: dict[str, str]) -> None:
    refused = [event("failed", reason="policy", msg="The rules forbid it: an <b>open</b> | port")]
    ended = preview(tmp_path, cloud, [ended_well()], refused, github=True)
    assert ended.returncode == 1
    assert "**The rules forbid it: an &lt;b\\>open&lt;/b\\> \\| port**" in (tmp_path / "summary").read_text()
    assert [text.split("::")[1] for text in commands(ended.stdout)] == ["error"]
    ended = preview(tmp_path, cloud, [event("note", text="then silence")], [ended_well()])
    assert ended.returncode == 1
    assert "sans rien dire" in ended.stderr


@pytest.mark.slow
def test_texts_in_a_preview_are_neither_markup_nor_commands(tmp_path: Path, cloud: dict[str, str]) -> None:
    bad = "x\n::error::mine | `y` <script>"
    said = [event("said", severity="warning", urn="", message=bad), ended_well(("create", bad, bad))]
    ended = preview(tmp_path, cloud, said, [ended_well()], github=True)
    assert ended.returncode == 0
    assert commands(ended.stdout) == []
    text = (tmp_path / "summary").read_text()
    assert "- x ::error::mine \\| \\`y\\` &lt;script\\>\n" in text
    assert "| `+` | `x ::error::mine \\| 'y' <script>` | `mine \\| 'y' <script>` |" in text


@pytest.mark.slow
def test_gitlab_gives_the_job_its_identity_and_nothing_else(tmp_path: Path, cloud: dict[str, str]) -> None:
    role = "arn:aws:iam::123456789012:role/preview"
    identity = {"BASCULE_ID_TOKEN": "t0ken-of-the-job", "BASCULE_AWS_ROLE": role}
    ended = preview(tmp_path, {**cloud, **identity}, [ended_well()], [ended_well()])
    assert ended.returncode == 0, ended.stderr
    given = seen(tmp_path)[0]["given"]
    assert (given["AWS_ROLE_ARN"], given["token"], given["BASCULE_ID_TOKEN"]) == (
        role,
        ["t0ken-of-the-job", "0o600"],
        None,
    )
    assert not Path(given["AWS_WEB_IDENTITY_TOKEN_FILE"]).exists()
    for path in tmp_path.rglob("*"):
        kept = path.is_file() and path.name != "seen"
        assert not (kept and re.search("t0ken-of|" + PASSPHRASE, path.read_text(errors="replace"))), path


@pytest.fixture
def parameter() -> Iterator[dict[str, str]]:
    """A double of AWS that keeps the passphrase, and what it takes to ask it."""
    boto3, moto = pytest.importorskip("boto3"), pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    given = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}
    client = boto3.client(
        "ssm", region_name="eu-west-3", endpoint_url=given["AWS_ENDPOINT_URL"], aws_access_key_id="AKIA",
        aws_secret_access_key="x",
    )  # fmt: skip
    client.put_parameter(Name="/bascule/state", Value=PASSPHRASE, Type="SecureString")
    yield given
    server.stop()


@pytest.mark.slow
def test_the_passphrase_may_be_kept_by_aws(tmp_path: Path, cloud: dict[str, str], parameter: dict[str, str]) -> None:
    given = {**cloud, **parameter, "PULUMI_CONFIG_PASSPHRASE": ""}
    named = {**given, "BASCULE_PASSPHRASE_PARAMETER": "/bascule/state"}
    ended = preview(tmp_path, named, [ended_well()], [ended_well()], github=True)
    assert ended.returncode == 0, ended.stderr
    assert seen(tmp_path)[0]["given"]["PULUMI_CONFIG_PASSPHRASE"] == PASSPHRASE
    # The one line that holds it tells GitHub never to show it.
    assert [line for line in ended.stdout.splitlines() if PASSPHRASE in line] == [f"::add-mask::{PASSPHRASE}"]
    other = {**given, "BASCULE_PASSPHRASE_PARAMETER": "/bascule/other"}
    ended = preview(tmp_path, other, [ended_well()], [ended_well()])
    assert ended.returncode == 1
    assert "ParameterNotFound" in ended.stderr
    assert "BASCULE_PASSPHRASE_PARAMETER" in ended.stderr


@pytest.mark.slow
def test_secrets_of_a_laptop_are_found_where_the_policy_says(tmp_path: Path, cloud: dict[str, str]) -> None:
    given = {**cloud, "BASCULE_PUBLIC_KEY": "", "PULUMI_CONFIG_PASSPHRASE": ""}
    ended = preview(tmp_path, given, [ended_well()], [ended_well()])
    assert ended.returncode == 1
    assert "stack-passphrase" in ended.stderr
    declared = json.loads((tmp_path / "build" / "plan.json").read_text())["secrets"]
    given["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    ended = preview(tmp_path, given, [ended_well()], [ended_well()])
    assert ended.returncode == 1
    assert "donnez sa moitié publique dans BASCULE_PUBLIC_KEY" in ended.stderr
    key = tmp_path / declared["ssh-key"]["file"].removeprefix("~/")
    key.parent.mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=30)
    assert preview(tmp_path, given, [ended_well()], [ended_well()]).returncode == 0
    public = key.with_suffix(".pub").read_text().split()[:2]
    assert seen(tmp_path)[-1]["request"]["config"]["bascule:publicKey"].split() == public
