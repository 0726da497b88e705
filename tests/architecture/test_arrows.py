# SPDX-License-Identifier: Apache-2.0
"""Who may import whom. Arrows never run back up: shells import the core, never the reverse, never each other."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = frozenset(sys.stdlib_module_names)
COLLECTION = "ansible_collections.bascule.continuity.plugins"
# The core knows neither the network, nor other programs, nor the clock; its commands may start programs.
OUTSIDE = frozenset(
    {"asyncio", "http", "multiprocessing", "random", "secrets", "socket", "ssl", "subprocess", "time", "urllib"}
)

# Folder → what its modules may import beside the standard library.
MAY_IMPORT = {
    "src/bascule": ("bascule", "yaml", "jsonschema", "referencing", "bascule_runtime"),
    "src/bascule_runtime": ("bascule_runtime",),
    "src/bascule_lab": ("bascule_lab", "bascule.api", "bascule_runtime", "yaml"),
    "src/bascule_double": (
        "bascule_double",
        "boto3",
        "botocore",
        "google",
        "grpc",
        "moto",
        "pulumi.runtime.proto",
        "werkzeug",
    ),
    "tools": ("gobuild",),
    "plugins/modules": ("ansible.module_utils", f"{COLLECTION}.module_utils"),
    "plugins/module_utils": ("ansible.module_utils", f"{COLLECTION}.module_utils"),
    "plugins/action": ("ansible", COLLECTION, "yaml", "jinja2"),
    "plugins/callback": ("ansible", COLLECTION, "yaml", "jinja2"),
    "plugins/inventory": ("ansible", COLLECTION, "yaml", "jinja2"),
    "plugins/plugin_utils": ("ansible", COLLECTION, "yaml", "jinja2"),
    "stacks/aws_standby/account": ("boto3", "botocore", "account", "automation.ask", "automation.trouble"),
    "stacks/aws_standby/automation": ("pulumi.automation", "yaml", "boto3", "automation", "account"),
    "stacks/aws_standby/standby_aws": ("pulumi", "pulumi_aws", "standby_aws"),
    "stacks/aws_standby/pack": ("pulumi", "pulumi_policy", "standby_rules"),
    "pipelines": ("bascule_runtime", "boto3", "botocore"),
    "tests/standby": ("pytest", "testinfra", "conftest", "look"),
}
# Of a folder of folders, the files that lie in it itself: each door to its parts.
ENTRIES = {
    "stacks/aws_standby/__main__.py": ("pulumi", "standby_aws"),
    "stacks/aws_standby/bridge.py": ("automation",),
}
# The one module of a folder that may import more: the door to another package.
DOORS = {
    "plugins/plugin_utils/_runtime.py": ("bascule_runtime",),
    "plugins/plugin_utils/_core.py": ("bascule",),
    "plugins/plugin_utils/_aws.py": ("boto3", "botocore"),
    "src/bascule/choice/solver.py": ("highspy",),
    "src/bascule/choice/designs.py": ("numpy",),
}
# Module of the core → modules of the core that it never imports, directly.
NEVER = {
    "bascule/policy.py": ("bascule.plan", "bascule.planner", "bascule.emit", "bascule.api"),
    "bascule/rules": ("bascule.plan", "bascule.planner", "bascule.emit", "bascule.api", "bascule.commands"),
    "bascule/plan.py": ("bascule.policy", "bascule.planner", "bascule.emit"),
    "bascule/emit": ("bascule.policy", "bascule.planner", "bascule.language", "bascule.api", "bascule.commands"),
    "bascule/analysis": ("bascule.planner", "bascule.emit", "bascule.language", "bascule.api", "bascule.commands"),
    "bascule/choice": ("bascule.planner", "bascule.emit", "bascule.language", "bascule.api", "bascule.commands"),
    "bascule/planner.py": ("bascule.emit", "bascule.language", "bascule.api"),
    "bascule/systems": ("bascule.planner", "bascule.emit", "bascule.predict"),
    "bascule/protections": ("bascule.planner", "bascule.emit", "bascule.predict"),
}
# Modules of `emit` that others of `emit` may use; `folder` puts the parts together.
EMIT_SHARED = ("tree", "yaml_out", "manifest", "readme_words", "ci_words")


def python_files(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each imported module with its line; names imported from a package count as modules of it."""
    package = (
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts[:-1]) if path.is_relative_to(ROOT / "src") else ""
    )
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], node.module or ""])
                if node.level
                else node.module
            )
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def inside(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


def test_every_folder_of_code_is_looked_at() -> None:
    folders = {path.parent for folder in ("src", "plugins", "tools") for path in python_files(folder)}
    known = [ROOT / folder for folder in MAY_IMPORT]
    assert [str(folder) for folder in folders if not any(folder.is_relative_to(one) for one in known)] == []


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_arrows(folder: str) -> None:
    wrong = []
    for path in python_files(folder):
        name = path.relative_to(ROOT).as_posix()
        allowed = (*MAY_IMPORT[folder], *DOORS.get(name, ()))
        for module, line in imports(path):
            if module.partition(".")[0] not in STANDARD and not inside(module, allowed):
                wrong.append(f"{name}:{line} imports {module}")
    assert wrong == []


@pytest.mark.parametrize("name", ENTRIES)
def test_arrows_of_entries(name: str) -> None:
    found = [module for module, _line in imports(ROOT / name) if module.partition(".")[0] not in STANDARD]
    assert [module for module in found if not inside(module, ENTRIES[name])] == []


def test_the_core_is_pure() -> None:
    wrong = []
    for path in python_files("src/bascule"):
        if "commands" in path.parts:
            continue
        wrong += [
            f"{path.name}:{line} {module}" for module, line in imports(path) if module.partition(".")[0] in OUTSIDE
        ]
        if re.search(r"\b(templar|inventory_hostname|fail_json|datetime\.now|date\.today)\b", path.read_text()):
            wrong.append(f"{path.name} speaks of Ansible or looks at the clock")
    assert wrong == []


@pytest.mark.parametrize("part", NEVER)
def test_the_core_has_layers(part: str) -> None:
    where = ROOT / "src" / part
    files = [where] if where.suffix else python_files(f"src/{part}")
    found = [
        f"{path.name}:{line} {module}"
        for path in files
        for module, line in imports(path)
        if inside(module, NEVER[part])
    ]
    assert found == []


def test_parts_of_emit_do_not_know_each_other() -> None:
    wrong = []
    for path in python_files("src/bascule/emit"):
        if path.stem == "folder":
            continue
        for module, line in imports(path):
            other = module.removeprefix("bascule.emit.").partition(".")[0] if module.startswith("bascule.emit.") else ""
            if other and other not in EMIT_SHARED:
                wrong.append(f"{path.name}:{line} {module}")
    assert wrong == []


def test_the_runtime_reads_as_python_3_9() -> None:
    for folder in ("src/bascule_runtime", "plugins/modules", "plugins/module_utils"):
        for path in python_files(folder):
            ast.parse(path.read_text(), feature_version=(3, 9))
            text = path.read_text()
            assert "from __future__ import annotations" in text or not text.strip().split("\n")[1:], path
            assert not re.search(r"dataclass\([^)]*(slots|kw_only)=", text), path
