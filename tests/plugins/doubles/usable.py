# SPDX-License-Identifier: Apache-2.0
"""The check of the invented firm: yes, with a record; with --held it still has all records but those named lost."""

import json
import sys

if "--held" in sys.argv:
    records = json.load(sys.stdin)
    print(json.dumps({"held": [r for r in records if r != "lost"], "lost": [r for r in records if r == "lost"]}))
else:
    print(json.dumps({"ok": True, "record": "r1", "who": "double"}))
