# SPDX-License-Identifier: Apache-2.0
"""Pulumi's engine as the bridge uses it: opened, asked, and understood when it says no."""
