# SPDX-License-Identifier: Apache-2.0
"""Stands for the check of an invented firm."""

print('{"ok": true}')
