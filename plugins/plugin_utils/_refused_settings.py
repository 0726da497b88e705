# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the environment that would change what a run does, and code that is not the folder's."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Optional

from ansible import constants
from ansible_collections.bascule.continuity.plugins.plugin_utils._refused_folder import COLLECTION
from ansible_collections.bascule.continuity.plugins.plugin_utils._runtime import package_folder

Refusal = Optional[tuple[str, str]]
# What only decides how a run looks, where it is logged, how it gets at a password; and what has a refusal of its own.
# Everything else that Ansible reads from the environment is refused: names that are not known here may do anything.
HARMLESS = (
    "ANSIBLE_ASK_*", "ANSIBLE_BECOME_ASK_PASS", "ANSIBLE_BECOME_PASS*", "ANSIBLE_CALLBACKS_ENABLED",
    "ANSIBLE_CALLBACK_FORMAT_PRETTY", "ANSIBLE_CALLBACK_RESULT_FORMAT", "ANSIBLE_CHECK_MODE_MARKERS", "ANSIBLE_COLOR_*",
    "ANSIBLE_CONFIG", "ANSIBLE_CONNECTION_PASSWORD_FILE", "ANSIBLE_COW_*", "ANSIBLE_DEBUG", "ANSIBLE_DIFF_*",
    "ANSIBLE_DISPLAY_*", "ANSIBLE_EDITOR", "ANSIBLE_FORCE_COLOR", "ANSIBLE_FORKS", "ANSIBLE_GALAXY_*", "ANSIBLE_HOME",
    "ANSIBLE_LOCAL_TEMP", "ANSIBLE_LOG_*", "ANSIBLE_MAX_DIFF_SIZE", "ANSIBLE_NOCOLOR", "ANSIBLE_NOCOWS",
    "ANSIBLE_NO_TARGET_SYSLOG", "ANSIBLE_PAGER", "ANSIBLE_RETRY_FILES_*", "ANSIBLE_SHOW_*", "ANSIBLE_SSH_VERBOSITY",
    "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_SUDO_PASS", "ANSIBLE_SU_PASS", "ANSIBLE_TARGET_LOG_INFO", "ANSIBLE_VAULT_*",
    "ANSIBLE_VERBOSE_TO_STDERR", "ANSIBLE_VERBOSITY", "ANSIBLE_*_WARNING", "ANSIBLE_*_WARNINGS",
)


def foreign_settings(cli: Any) -> Refusal:
    """Variables of the environment by which Ansible would do something else than the folder's settings say."""
    ours = {name for name in os.environ if name.lstrip("_").startswith(("ANSIBLE_", "ansible_"))}
    strange = sorted(name for name in ours if not _harmless(name) and not _says_the_same(name))
    if not strange:
        return None
    return "other-settings", (f"{', '.join(strange)} in the environment would change what this run does. "
                              f"Say unset {' '.join(strange)} and start again.")


def _harmless(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in HARMLESS)


def _says_the_same(name: str) -> bool:
    """Whether Ansible's settings are the same with and without this variable."""
    known = constants.config.get_configuration_definitions()
    settings = [key for key, entry in known.items() if name in [place["name"] for place in entry.get("env") or ()]]
    said = [constants.config.get_config_value(key) for key in settings]
    value = os.environ.pop(name)
    try:
        return bool(settings) and said == [constants.config.get_config_value(key) for key in settings]
    finally:
        os.environ[name] = value


def foreign_code(cli: Any) -> Refusal:
    """Plugins, or the package that they stand on, from another place than the folder."""
    here, runtime = Path(os.path.realpath(__file__)), Path(os.path.realpath(package_folder()))
    if not here.is_relative_to(os.path.realpath(COLLECTION)):
        return "other-code", (f"Ansible took bascule.continuity from {here.parents[2]} and not from the folder's "
                              "collections/. Start the driver in the compiled folder, with its own settings.")
    if runtime != Path(os.path.realpath("lib/bascule_runtime")):
        return "other-code", (f"Python took bascule_runtime from {runtime.parent} and not from the folder's lib/. "
                              "Unset PYTHONPATH and start again.")
    return None
