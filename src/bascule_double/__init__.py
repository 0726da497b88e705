# SPDX-License-Identifier: Apache-2.0
"""A double of Pulumi's provider for AWS, for tests.

It speaks the provider's protocol to the real engine and makes what it is asked for in moto, a simulation of AWS on this
computer. Nothing of it is AWS, and it says so wherever it runs.
"""

from __future__ import annotations

# How every line begins by which a person or a program sees that the cloud was a double.
SAYS = "provider: double"
# The version of the provider whose documentation the rules were read from.
READ_FROM = "7.51.1"
