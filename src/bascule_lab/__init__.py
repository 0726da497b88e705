# SPDX-License-Identifier: Apache-2.0
"""The rehearsal lab: the sites and machines of a policy as real systemd machines on one computer."""

from __future__ import annotations
