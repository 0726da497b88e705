# SPDX-License-Identifier: Apache-2.0
"""What is built, as frozen data: a module a part, each a pure function of the situation. No engine, no provider."""
