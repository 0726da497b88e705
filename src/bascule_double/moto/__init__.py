# SPDX-License-Identifier: Apache-2.0
"""moto as the double needs it: a server on this computer, with what it gets wrong cured, one module a cure."""
