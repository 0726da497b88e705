# SPDX-License-Identifier: Apache-2.0
"""How fast it is: one module a bench, printed by `make bench`. Nothing here is asserted in a test.

A new bench is a module with `BENCHES`, and its name in `_MODULES`.
"""

from __future__ import annotations

from importlib import import_module

from bench.frame import Bench

_MODULES = ("analysis", "choice", "cloud", "compile_time", "fuzz", "guests", "outages", "ratio", "units")
BENCHES: dict[str, Bench] = {
    bench.name: bench for module in _MODULES for bench in import_module(f"bench.{module}").BENCHES
}
