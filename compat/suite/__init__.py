# SPDX-License-Identifier: MIT
"""What the compatibility suite is made of; `run` is its command."""
