# SPDX-License-Identifier: MIT
"""Reads back what programs entered (tally.c) and what the library counted."""

import pathlib
import struct

SYMBOLS = ("poll", "__poll", "ppoll", "__poll_chk", "__ppoll_chk",
           "select", "__select", "pselect")


def _files(directories, pattern):
    return (path for directory in directories
            for path in pathlib.Path(directory).glob(pattern))


# See struct tally.
LAYOUT = struct.Struct(f"{2 * len(SYMBOLS) + 1}Q")


def _tallies(directories, pattern):
    for path in _files(directories, pattern):
        data = path.read_bytes()
        # One that ended before its first instruction has none.
        if len(data) == LAYOUT.size:
            yield LAYOUT.unpack(data)


def crashes(directories):
    """The signals by which processes of any program have crashed."""
    found = [numbers[-1] for numbers in _tallies(directories, "*.tally.*")]
    return sorted(filter(None, found))


def symbols(directories, label):
    """{symbol: (calls, most descriptors at once)} of one program."""
    found = {}
    for numbers in _tallies(directories, f"{label}.tally.*"):
        for name, calls, most in zip(SYMBOLS, numbers[:8], numbers[8:]):
            old = found.get(name, (0, 0))
            if calls:
                found[name] = (old[0] + calls, max(old[1], most))
    return found


def counters(directories, label):
    """The library's counters, added up over a program's processes."""
    total = {}
    for path in _files(directories, f"{label}.stats.*"):
        for line in path.read_text(errors="replace").splitlines():
            name, _, value = line.partition(" ")
            if value.isdigit():
                total[name] = total.get(name, 0) + int(value)
    return total
