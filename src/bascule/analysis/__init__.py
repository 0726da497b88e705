# SPDX-License-Identifier: Apache-2.0
"""Why this strategy: what a stop costs, what depends on what, what may happen, what is left then and how old it is.

Pure functions over the small frozen values of `bascule.analysis.model`, which `bascule.analysis.firm` makes from a
policy.
"""
