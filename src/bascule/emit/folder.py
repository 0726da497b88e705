# SPDX-License-Identifier: Apache-2.0
"""Plan to the whole compiled folder, in memory: generated files, the hand-written ones, and the firm's own."""

from __future__ import annotations

from pathlib import Path

from bascule.emit import manifest
from bascule.emit.ansible_cfg import ansible_cfg
from bascule.emit.checks import checks
from bascule.emit.ci_github import github
from bascule.emit.ci_gitlab import gitlab
from bascule.emit.ci_scripts import ci_scripts
from bascule.emit.inventory import inventory, standby
from bascule.emit.readme import readme
from bascule.emit.ssh_config import known_hosts, ssh_config
from bascule.emit.stack import stack
from bascule.emit.tree import File, Tree, copied, json_file, read, text_file
from bascule.plan import Plan, to_json
from bascule.resources import resource

# What lies beside a policy and goes with it. Variables lie beside the inventory: there they are found by whichever name
# a driver is started.
FIRM_FOLDERS = {name: name for name in ("checks", "docs", "roles")} | {
    name: f"inventory/{name}" for name in ("group_vars", "host_vars")
}
_COLLECTION = "collections/ansible_collections/bascule/continuity"


def compiled(plan: Plan, firm: Path, pinned: str) -> Tree:
    """Given a plan, the folder of its policy and the pinned lines of `known_hosts`, return the compiled folder.

    Raise FolderError when a file of the firm's cannot be carried.
    """
    tree = {**_generated(plan, pinned), **_playbooks(plan), **_collection(), **_runtime(), **_standby_tests()}
    tree |= _pipelines(plan)
    if any(site.cloud for site in plan.sites.values()):
        tree |= {"inventory/standby.yml": text_file(standby(plan)), **stack(plan)}
    for name, there in FIRM_FOLDERS.items():
        if (firm / name).is_dir():
            tree.update(copied(firm / name, there))
    tree[manifest.NAME] = manifest.manifest(tree)
    return dict(sorted(tree.items()))


def _generated(plan: Plan, pinned: str) -> dict[str, File]:
    return {
        "plan.json": json_file(to_json(plan)),
        "checks.json": json_file(checks(plan)),
        "inventory/hosts.yml": text_file(inventory(plan)),
        "ansible.cfg": text_file(ansible_cfg(plan)),
        "ssh_config": text_file(ssh_config(plan)),
        "known_hosts": text_file(known_hosts(plan, pinned)),
        "README.md": text_file(readme(plan)),
    }


def _pipelines(plan: Plan) -> dict[str, File]:
    workflows = {f"ci/github/{name}": text_file(text) for name, text in github(plan).items()}
    return {**workflows, "ci/gitlab.yml": text_file(gitlab(plan)), **ci_scripts(plan)}


def _playbooks(plan: Plan) -> dict[str, File]:
    used = {
        "systems": {system.type for system in plan.systems.values()},
        "switches": {plan.switch["kind"]},
        "sites": {site.provider for site in plan.sites.values()},
    }

    def wanted(path: str) -> bool:
        folder, _, rest = path.partition("/")
        return bool(rest) and (folder not in used or rest.partition("/")[0] in used[folder])

    root = resource("playbooks")
    drivers = {path.name: read(path) for path in sorted(root.glob("dr-*.yml"))}
    return {**drivers, **copied(root, "playbooks", wanted)}


def _collection() -> dict[str, File]:
    tree = {f"{_COLLECTION}/galaxy.yml": read(resource("galaxy.yml"))}
    # In the folder, `ansible-playbook bascule.continuity.dr_activate` is the folder's own driver.
    drivers = resource("playbooks").glob("dr[-_]*.yml")
    tree.update({f"{_COLLECTION}/playbooks/{path.name}": read(path) for path in sorted(drivers)})
    for name in ("plugins", "meta", "LICENSES"):
        tree.update(copied(resource(name), f"{_COLLECTION}/{name}"))
    return tree


def _runtime() -> dict[str, File]:
    import bascule_runtime

    return copied(Path(bascule_runtime.__file__).parent, "lib/bascule_runtime")


def _standby_tests() -> dict[str, File]:
    return copied(resource("tests", "standby"), "tests/standby")
