# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of restic in a bucket: the primary writes with an access key, machines of the site as what they are.

Whoever writes may add and read, and delete locks alone: nothing is forgotten here but by machines of the site itself.
"""

from __future__ import annotations

import json
import re

from ansible_collections.bascule.continuity.plugins.module_utils import machine_files, machine_run
from ansible_collections.bascule.continuity.plugins.module_utils.files_job import Job
from ansible_collections.bascule.continuity.plugins.module_utils.machine_run import TroubleError

# What an access key, the name of a bucket, a folder in it and an endpoint look like; nothing else gets into a file.
HALF = re.compile(r"[A-Za-z0-9/+=_-]{1,256}")
NAME, FOLDER = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), re.compile(r"copies/[a-z][a-z0-9-]*")
ENDPOINT, REGION = re.compile(r"https?://[A-Za-z0-9.:-]+"), re.compile(r"[a-z0-9-]{1,40}")
KEYS = """# Written by Bascule: who writes copies of {system}.
[default]
aws_access_key_id = {access}
aws_secret_access_key = {secret}
"""
LACKS = "specified key does not exist"
LIMIT_S = 120
# What restic passes on of a refusal, and what that means.
MEANS = {
    "specified bucket does not exist": "the bucket is not there any more. Run dr-build.yml",
    "access key id you provided does not exist": "nobody knows the writer's access key. Make another, and run "
                                                 "dr-build.yml with it",
    "invalidaccesskeyid": "nobody knows the writer's access key. Make another, and run dr-build.yml with it",
    "signature we calculated does not match": "the writer's secret does not belong to its access key. Correct it, and "
                                              "run dr-build.yml",
    "access denied": "the identity may not do that. Its policy is made by dr-build.yml",
    "difference between the request time": "the clock of this machine is wrong",
    "no such host": "its name cannot be resolved. Is there a way to the internet from this machine?",
    "dial tcp": "it cannot be reached. Is there a way to the internet from this machine?",
}


def told(job: Job, key: str, form: re.Pattern[str]) -> str:
    """What the controller knows of the bucket. Raises TroubleError when it knows none, or nothing that is one."""
    text = str((job.options.get("bucket") or {}).get(key) or "")
    if not form.fullmatch(text):
        raise TroubleError(f"Nobody here knows the bucket that holds the copies of {job.id} ({key}: {text or 'none'}). "
                           "Run dr-build.yml, or bring outputs/standby.json from the controller that did.")
    return text


def url(job: Job) -> str:
    """The repository as restic takes it."""
    folder = str((job.copies or {})["repository"])
    if not FOLDER.fullmatch(folder):
        raise TroubleError(f"{folder} is no good place for copies in a bucket: use copies/ and a name.")
    return f"s3:{told(job, 'endpoint', ENDPOINT)}/{told(job, 'name', NAME)}/{folder}"


def argv(job: Job, may_delete: bool = False) -> list[str]:
    """restic up to its command. What may be deleted is for the bucket to say, by who asks.

    The key is in a file that restic reads as AWS's own tools do; a machine of the site has none, and asks for its role.
    """
    keys = job.names.setting("writer") if job.side == "primary" else "/dev/null"
    return [
        "env", f"AWS_SHARED_CREDENTIALS_FILE={keys}", "restic", "-r", url(job),
        "-o", f"s3.region={told(job, 'region', REGION)}",
        "--password-file", job.names.setting("password"), "--cache-dir", job.names.cache,
    ]  # fmt: skip


def reading(job: Job) -> list[str]:
    """restic for reading only."""
    return [*argv(job), "--no-lock"]


def ensure_repository(job: Job) -> bool:
    """The key of the writer where one was given, and a repository, made by the side that serves."""
    changed = ensure_writer(job)
    if there(job) or not job.serves:
        return changed
    ended = machine_run.run([*argv(job), "init"], limit_s=LIMIT_S)
    if ended.code != 0:
        raise TroubleError(f"The copies of {job.id} could not be set up: {reason(ended)}")
    return True


def ensure_writer(job: Job) -> bool:
    """At the primary: the access key, as the controller looked it up; where it gave none, the one that is there."""
    names = (job.options.get("bucket") or {}).get("writer")
    if not names or job.side != "primary":
        return False
    halves = [job.secrets.get(str(names[half]["secret"]), "").strip() for half in ("access_key", "secret_key")]
    if not all(HALF.fullmatch(half) for half in halves):
        raise TroubleError(f"The secrets {names['access_key']['secret']} and {names['secret_key']['secret']} are no "
                           "access key of AWS. Write what `aws iam create-access-key` showed.")
    text = KEYS.format(system=job.id, access=halves[0], secret=halves[1])
    return machine_files.write(job.names.setting("writer"), text, mode=0o600)


def opened(job: Job) -> str:
    """The repository's own settings, as JSON; empty without a repository. Raises TroubleError when asking fails."""
    ended = machine_run.run([*reading(job), "cat", "config"], limit_s=LIMIT_S)
    if ended.code == 0:
        return ended.out
    if LACKS in f"{ended.err}{ended.out}".lower():
        return ""
    if "wrong password" in ended.err:
        name = (job.copies or {})["key"]["secret"]
        raise TroubleError(f"The copies of {job.id} in {where(job)} cannot be opened with the secret {name}. Give the "
                           "key that they were made with.")
    raise TroubleError(f"The copies of {job.id} in {where(job)} cannot be reached from {job.machine}: {reason(ended)}")


def reason(ended: machine_run.Ended) -> str:
    """What a refusal means, or what restic says of it."""
    said = f"{ended.err}{ended.out}".lower()
    return next((meaning for words, meaning in MEANS.items() if words in said), ended.reason)


def there(job: Job) -> bool:
    """Whether there is a repository."""
    return bool(opened(job))


def identity(job: Job) -> str:
    """Which repository this is; empty when there is none."""
    settings = opened(job)
    return str(json.loads(settings)["id"])[:16] if settings else ""


def drop_dead_locks(job: Job, alone: bool) -> bool:
    """Remove locks that are old enough to be dead. Others are left: a primary that was left may still write."""
    before = locks(job)
    if before:
        machine_run.run([*argv(job), "unlock"], limit_s=LIMIT_S)
    return bool(before) and locks(job) != before


def locks(job: Job) -> list[str]:
    """Names of locks; none where they cannot be listed."""
    ended = machine_run.run([*reading(job), "list", "locks"], limit_s=LIMIT_S)
    return sorted(ended.out.split()) if ended.code == 0 else []


def counts(job: Job, at: float, tags: list[str]) -> bool:
    """Whether a snapshot is a point of this system.

    Nobody can shut a primary that was left out of the bucket: what it adds after the standby took over is a branch that
    was given up.
    """
    state = job.state() if job.side == "standby" else {}
    since = float(state.get("since") or 0) if state.get("serving") == "standby" else 0.0
    return not since or at <= since or "serving=primary" not in tags


def where(job: Job) -> str:
    """The place, as it is told to people."""
    return f"the bucket {told(job, 'name', NAME)}"
