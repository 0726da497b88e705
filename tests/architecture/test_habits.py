# SPDX-License-Identifier: Apache-2.0
"""House rules that a program can check."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 250
LONGEST_FUNCTION = 40
# Documentation of a module is no code of it.
DOCUMENTATION = frozenset({"DOCUMENTATION", "EXAMPLES", "RETURN"})
GPL_LINE = (
    "# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)"
)
# Written as words here, so that this file does not contain what it looks for.
FORBIDDEN_IN_PLAYBOOKS = frozenset({"ignore_errors", "pause", "prompt", "vars_prompt", "throttle"})


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [ROOT / name for name in names.stdout.splitlines() if (ROOT / name).is_file()]


CODE = [
    path
    for path in tracked()
    if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("src", "plugins", "stacks", "tools")
]


def lines_of_code(path: Path) -> int:
    text = path.read_text()
    documented = 0
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in DOCUMENTATION
        ):
            documented += (node.end_lineno or 0) - node.lineno
    return len(text.splitlines()) - documented


def test_modules_are_short() -> None:
    long = {str(path.relative_to(ROOT)): lines_of_code(path) for path in CODE if lines_of_code(path) > LONGEST_MODULE}
    assert long == {}


def test_functions_are_short() -> None:
    long = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({length})")
    assert long == []


@pytest.mark.parametrize("suffix", [".py", ".yml", ".sh"])
def test_licences_are_said_on_top(suffix: str) -> None:
    missing = []
    for path in tracked():
        parts = path.relative_to(ROOT).parts
        # Policies are examples of what people write; what the compiler made says so itself.
        if path.suffix != suffix or parts[:2] in (("tests", "policies"), ("tests", "golden")):
            continue
        top = path.read_text().splitlines()[:4]
        if not top:
            continue
        # Doubles of plugins import ansible-core as plugins do.
        plugin = parts[0] == "plugins" or (parts[:3] == ("tests", "plugins", "doubles") and len(parts) == 5)
        licence = "GPL-3.0-or-later" if plugin else "Apache-2.0"
        if not any(f"SPDX-License-Identifier: {licence}" in line for line in top):
            missing.append(str(path.relative_to(ROOT)))
        if parts[:2] == ("plugins", "modules") and suffix == ".py" and GPL_LINE not in top:
            missing.append(f"{path.relative_to(ROOT)}: the GPLv3 line")
    assert missing == []


def keys(node: object) -> set[str]:
    if isinstance(node, dict):
        return {str(key).rpartition(".")[2] for key in node} | {key for value in node.values() for key in keys(value)}
    if isinstance(node, list):
        return {key for value in node for key in keys(value)}
    return set()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "playbooks").rglob("*.yml")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_playbooks_swallow_nothing_and_ask_nobody(path: Path) -> None:
    class Loader(yaml.SafeLoader):
        """Reads tags of Ansible as plain values."""

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    assert keys(yaml.load(path.read_text(), Loader=Loader)) & FORBIDDEN_IN_PLAYBOOKS == set()


def test_tests_are_found_by_their_names() -> None:
    for path in tracked():
        parts = path.relative_to(ROOT).parts
        if parts[0] == "tests" and path.suffix == ".py" and re.search(r"^def test_", path.read_text(), re.MULTILINE):
            assert path.name.startswith("test_"), path


def described_folders() -> set[str]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"^## Folders\n.*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block, "docs/architecture.md has no map of folders"
    found = set()
    stack: list[tuple[int, str]] = []
    for line in block[1].splitlines():
        name = line.split()[0] if line.strip() else ""
        if not name.endswith("/"):
            continue
        depth = len(line) - len(line.lstrip())
        stack = [entry for entry in stack if entry[0] < depth]
        stack.append((depth, name))
        found.add("".join(part for _, part in stack).rstrip("/"))
    return found


def test_the_map_of_folders_is_right() -> None:
    here = {path.relative_to(ROOT).parent.as_posix() for path in tracked()}
    here |= {parent.as_posix() for name in here for parent in Path(name).parents} - {"."}
    described = described_folders()
    assert described - here == set(), "described, but not there"
    wanted = {name for name in here if name != "." and deep_enough(Path(name))}
    assert wanted - described == set(), "there, but not described"


def deep_enough(folder: Path) -> bool:
    """Whether the map must show a folder: two floors, three in the core, one where names say nothing new."""
    if folder.parts[0] in ("examples", ".ci", "meta", "LICENSES"):
        return len(folder.parts) == 1
    return len(folder.parts) <= (3 if folder.parts[:2] == ("src", "bascule") else 2)


def test_decisions_have_numbers_of_their_own() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1)), "merged branches may have given one number twice: renumber one"
    for number, path in zip(numbers, records, strict=True):
        titles = [line for line in path.read_text().splitlines() if line.startswith("# ")]
        assert [title.split()[1] for title in titles] == [f"{number}."], path
    linked = re.compile(r"\[ADR (\d+)\]\((?:\.\./)?(?:docs/)?adr/(\d{4}[a-z0-9-]*\.md)\)")
    for path in (ROOT / "docs").rglob("*.md"):
        for number, name in linked.findall(path.read_text()):
            assert (ROOT / "docs" / "adr" / name).is_file(), f"{path} names {name}"
            assert int(number) == int(name[:4]), f"{path} names {name}"
