# SPDX-License-Identifier: Apache-2.0
"""Which way of recovering each system is worth its price: prices, options, the cheapest set that keeps every promise.

Pure, like all of the core. The one door to the solver is `bascule.choice.solver`.
"""
