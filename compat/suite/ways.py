# SPDX-License-Identifier: MIT
"""The ways a case is run, and the environment that makes each of them."""

NATIVE, AUTO, ALWAYS, VERIFY, PRELOAD = (
    "native", "auto", "always", "verify", "preload")


def chosen(verify=False, preload=None):
    """The ways of one run; native comes first, for it is the oracle."""
    if preload:
        return [NATIVE, PRELOAD]
    return [NATIVE, VERIFY] if verify else [NATIVE, AUTO, ALWAYS]


def environment(way, tally, library, prefix):
    """Variables for a program; PREFIX is where its counts shall go.

    The tally stands before the library in every way, so that the ways differ
    in the library alone.
    """
    preload = tally if way == NATIVE else f"{tally}:{library}"
    variables = {"LD_PRELOAD": preload, "COMPAT_TALLY": f"{prefix}.tally"}
    if way in (NATIVE, PRELOAD):
        return variables
    variables["EPOLLSHIM_STATS"] = f"{prefix}.stats.%p"
    variables["EPOLLSHIM_POLICY"] = AUTO if way == AUTO else ALWAYS
    if way == VERIFY:
        variables["EPOLLSHIM_VERIFY"] = "1"
    return variables
