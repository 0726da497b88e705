# SPDX-License-Identifier: Apache-2.0
"""The firm's own rows can be read under the name that users type. Leaves nothing behind."""

from __future__ import annotations

import json
import sys

from book import NotUsableError, ours

if __name__ == "__main__":
    try:
        ours()
    except NotUsableError as problem:
        print(json.dumps({"ok": False, "reason": str(problem)}))
        sys.exit(1)
    print(json.dumps({"ok": True}))
