# SPDX-License-Identifier: Apache-2.0
"""The account itself, asked without the engine and its state: what carries our tags, what may be made, what is left."""
