# SPDX-License-Identifier: MIT
"""Ends what was started, however far it has daemonised.

A worker is the subreaper of all it starts: whoever loses its parent becomes
the worker's child. So the tree below the worker is complete, and nobody else
is in it.
"""

import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
LAST_WORDS = signal.SIGRTMAX - 1  # See tally.c.


def adopt_orphans():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _parents():
    """{pid: parent} of every process but zombies."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found[int(entry)] = int(fields[1])
    return found


def below(ancestor):
    """All pids in the tree below ANCESTOR, children before grandchildren."""
    parents = _parents()
    tree = [ancestor]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree[1:]


def name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="latin-1") as file:
            return file.read().strip()
    except OSError:
        return "gone since"


def reap():
    """Forgets children that have ended, except for Popen's own."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def catches(pid, number):
    try:
        with open(f"/proc/{pid}/status", encoding="latin-1") as file:
            for line in file:
                if line.startswith("SigCgt:"):
                    return int(line.split()[1], 16) >> (number - 1) & 1 == 1
    except OSError:
        pass
    return False


def send(pid, number):
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def wait_for_end(alive, seconds):
    """Waits until alive() is empty; returns whom it has waited for in vain."""
    deadline = time.monotonic() + seconds
    while (left := alive()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def end_gently(pid, number=signal.SIGTERM):
    """The signal a process catches, or else the one of last words."""
    send(pid, number if catches(pid, number) else LAST_WORDS)


def end_all(ancestor, last_words=False, seconds=4):
    """Ends the tree below ANCESTOR; returns pids that had to be killed."""
    for pid in below(ancestor):
        end_gently(pid, LAST_WORDS if last_words else signal.SIGTERM)

    def alive():
        reap()
        return below(ancestor)

    left = wait_for_end(alive, seconds / 2)
    for pid in left:
        send(pid, LAST_WORDS)
    left = wait_for_end(alive, seconds / 2)
    while survivors := alive():
        for pid in survivors:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
    return left
