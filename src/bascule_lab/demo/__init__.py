# SPDX-License-Identifier: Apache-2.0
"""The demonstration: `bascule-lab demo POLICY` loses a firm's primary site and brings the firm back."""

from __future__ import annotations
