# SPDX-License-Identifier: MIT
"""Judges what a way gave by what the kernel's own gave."""

import signal

from . import ways
from .worker import BROKEN, NOT_STARTED, OK

PASSED, UNTOUCHED, DIFFERS, NOT_RUN = (
    "same", "same, untouched", "DIFFERS", "not run")


def calls(result, program):
    """Answered and all calls of the program under test."""
    counters = result["programs"].get(program, {}).get("counters", {})
    return counters.get("answered", 0), counters.get("calls", 0)


def total(result):
    """Answered and all calls of everything that ran under the library."""
    pairs = [calls(result, name) for name in result["programs"]]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def symbols(result, program):
    return result["programs"].get(program, {}).get("symbols", {})


def crashes(result):
    names = [signal.Signals(number).name for number in result["crashes"]]
    return f"processes crashed by {', '.join(names)}"


def native(result):
    """(verdict, why) of the native run; only a passed one is an oracle."""
    if result["status"] == OK and result["crashes"]:
        return NOT_RUN, f"natively, {crashes(result)}"
    if result["status"] == OK:
        return PASSED, ""
    if result["status"] == NOT_STARTED:
        return NOT_RUN, f"could not start natively: {result['message']}"
    if result["status"] == BROKEN:
        return NOT_RUN, f"the case itself is broken: {result['message']}"
    return NOT_RUN, f"failed natively: {result['message']}"


def _differences(oracle, result):
    """Sentences, one for each thing that came out otherwise."""
    if result["status"] != OK:
        return [f"{result['status']}: {result['message']}"]
    found = []
    names = list(oracle["findings"])
    names += [name for name in result["findings"] if name not in names]
    for name in names:
        expected = oracle["findings"].get(name, "nothing")
        got = result["findings"].get(name, "nothing")
        if got != expected:
            found.append(f"{name}: native {expected}, here {got}")
    for name, count in result["descriptors"].items():
        expected = oracle["descriptors"].get(name, count)
        # One may be on its way out at the moment of looking.
        if count > expected + 1:
            found.append(f"{name} holds {count} descriptors, natively "
                         f"{expected}")
    return found


def other(oracle, result, way, program, untouched):
    """(verdict, why) of a run under the library."""
    found = _differences(oracle, result)
    counters = [each["counters"] for each in result["programs"].values()]
    wrong = sum(each.get("differences", 0) for each in counters)
    if result["crashes"]:
        found.append(crashes(result))
    if wrong:
        found.append(f"verify found {wrong} wrong answers")
    answered, _ = calls(result, program)
    compared = result["programs"].get(program, {}).get("counters", {}).get(
        "verified", 0)
    if way == ways.VERIFY and answered and not compared:
        found.append("verify mode compared nothing")
    if way in (ways.ALWAYS, ways.VERIFY):
        if not answered and not untouched:
            found.append(f"epoll never answered {program}, though the case "
                         f"says that it does")
        if answered and untouched:
            found.append(f"epoll answered {answered} calls of {program}, "
                         f"though the case says it is untouched")
    if found:
        return DIFFERS, "; ".join(found)
    return (UNTOUCHED if untouched else PASSED), ""
