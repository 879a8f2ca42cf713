# SPDX-License-Identifier: MIT
"""One case, in one mode, one way: a process of its own, that ends with all it
has started. It reads what to do as JSON, and writes what came out as JSON.
"""

import json
import os
import resource
import sys
import time
import traceback

from . import catalogue, processes, tally
from .box import Box, Failed

OK, NOT_STARTED, FAILED, BROKEN = "ok", "not started", "failed", "broken"


def _attempt(case, box):
    """Status and message of starting and working."""
    stage = NOT_STARTED
    if case.get("ROOT") and os.geteuid() != 0:
        return stage, "only root can; run it as root"
    try:
        if start := case.get("start"):
            start(box)
        stage = FAILED
        case.get("work")(box)
        return OK, ""
    except Failed as failure:
        return stage, str(failure)
    except (OSError, EOFError, ValueError) as error:
        return stage, f"{type(error).__name__}: {error}{_where(error)}"
    except Exception:  # A case that is wrong itself must not end the run.
        return BROKEN, traceback.format_exc(limit=-3)


def _where(error):
    """The line of the case at which an error came up."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if os.sep + "cases" + os.sep in frame.filename:
            return f" ({os.path.basename(frame.filename)}:{frame.lineno})"
    return ""


def descriptors(pid):
    """How many a process has open, epoll's own aside, once it is at rest."""
    def look():
        found = []
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            return None
        return sum(link != "anon_inode:[eventpoll]" for link in found)

    best, since = look(), time.monotonic()
    while best is not None and time.monotonic() - since < 0.3:
        time.sleep(0.05)
        now = look()
        if now is None or now < best:
            best, since = now, time.monotonic()
    return best


def work(order):
    case = catalogue.load(order["case"])
    box = Box(order["directory"], order["mode"], order["way"], order["setup"])
    began = time.monotonic()
    status, message = _attempt(case, box)
    held = {}
    still = status == OK and not case.get("ELASTIC")
    for process in box.started if still else ():
        if (count := descriptors(process.pid)) is not None:
            held[os.path.basename(process.args[0])] = count
    result = {
        "status": status, "message": message, "findings": box.findings,
        "descriptors": held, "killed": box.close(),
        "seconds": time.monotonic() - began,
    }
    result["crashes"] = tally.crashes(box.count_directories)
    result["programs"] = {
        label: {"symbols": tally.symbols(box.count_directories, label),
                "counters": tally.counters(box.count_directories, label)}
        for label in box.labels}
    if status != OK:
        result["logs"] = {label: box.log(label)[-2000:]
                          for label in box.labels if box.log(label)}
    if not order["setup"]["keep"]:
        box.remove()
    return result


def main():
    processes.adopt_orphans()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)
    order = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)  # What a case prints by mistake is no answer.
    result = work(order)
    with os.fdopen(answer, "w") as file:
        json.dump(result, file)
    return 0
