# SPDX-License-Identifier: MIT
"""An older Debian's kernel, booted in qemu-system."""


def boot(platform, options, result, log):
    raise options.broken("not tried")
