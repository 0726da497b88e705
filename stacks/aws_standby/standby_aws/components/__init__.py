# SPDX-License-Identifier: Apache-2.0
"""What was decided, as resources: a ComponentResource a part. Nothing is decided here."""
