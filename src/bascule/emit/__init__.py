# SPDX-License-Identifier: Apache-2.0
"""Plan to files. Each module makes one part of the compiled folder from the plan; `folder` puts them together."""
