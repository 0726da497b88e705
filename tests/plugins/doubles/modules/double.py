#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of a system type: writes down what it was asked, and does what `behave.json` says."""

from __future__ import annotations

DOCUMENTATION = r"""
module: double
short_description: A double
description: [A double of a system type.]
author: [The Bascule authors (@bascule)]
"""

import glob  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import time  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

LIMIT_S = 600
WORDS = {"recover": "data_correct", "protect": "done"}


def evidence(step, args, now):
    """What the real thing would have seen."""
    point = {"id": "p1", "at": now - 5, "by": "double", "kind": "snapshot", "bytes": 10, "verified": True}
    return {
        "recover": {"strategy": "restore", "point": point, "heartbeat_at": now - 5, "durations_s": {"restore": 0.1}},
        "points": {"points": [point], "lag_s": 0.5},
        "status": {"protected": True, "newest_at": now - 5, "problems": [], "versions": {}, "lag_s": 0.5},
        "compare": {"digest": {"all": "same"}},
        "forget": {"left": []},
    }.get(step, {})


def work(wanted, behave_file):
    """Take as long as was said: until a journal of the firm has the pattern `until_journalled`, or until the test has
    written the file `until_told`; ten minutes at most.

    Ends early when the test is over, which takes `behave.json` away: a run that was killed leaves its steps behind.
    """
    root, end = os.path.dirname(behave_file), time.time() + LIMIT_S
    pattern, told = wanted.get("until_journalled"), wanted.get("until_told")
    while (pattern or told) and time.time() < end and os.path.exists(behave_file):
        journals = glob.glob(os.path.join(root, "..", "build", "runs", "*", "journal.jsonl")) if pattern else []
        for path in journals:
            with open(path, encoding="utf-8") as stream:
                if re.search(pattern, stream.read()):
                    return
        if told and os.path.exists(os.path.join(root, told)):
            return
        time.sleep(0.1)


def main():
    """Entry point."""
    module = AnsibleModule(argument_spec={
        "step": {"type": "str"}, "system": {"type": "dict", "no_log": False}, "machine": {"type": "str"},
        "side": {"type": "str"}, "serving": {"type": "str"}, "options": {"type": "dict"}, "policy": {"type": "str"},
        "secrets": {"type": "dict", "no_log": True}, "run": {"type": "dict"}}, supports_check_mode=True)
    args = module.params
    root, step, name = args["system"]["settings"]["root"], args["step"], args["system"]["id"]
    behave_file = os.path.join(root, "behave.json")
    with open(behave_file, encoding="utf-8") as stream:
        behave = json.load(stream)
    wanted = (behave.get(name) or {}).get(step + "@" + args["side"]) or (behave.get(name) or {}).get(step) or {}
    now = time.time()
    work(wanted, behave_file)
    line = {"system": name, "step": step, "machine": args["machine"], "side": args["side"], "serving": args["serving"],
            "options": args["options"], "direction": args["run"]["direction"], "began": now, "ended": time.time(),
            "secret": (args["secrets"] or {}).get("copies-key") == "-".join(("s3cr3t", "of", "the", "double"))}
    with open(os.path.join(root, "done.jsonl"), "a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
    if wanted.get("fail"):
        module.fail_json(msg=wanted["fail"])
    seen = dict(evidence(step, args, now), **wanted.get("evidence", {}))
    module.exit_json(changed=True, word=WORDS.get(step, "done"), evidence=seen)


if __name__ == "__main__":
    main()
