# SPDX-License-Identifier: Apache-2.0
"""Put one order under the name that users type, and see that it is there."""

from __future__ import annotations

import sys

from harbour import main

if __name__ == "__main__":
    sys.exit(main("http://desk.harbour.test:8080/"))
