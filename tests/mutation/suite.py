# SPDX-License-Identifier: MIT
"""Runs tests on a library, and says whether one of them fails."""

import os
import re
import signal
import subprocess
import tempfile

SECONDS = "30"  # when a test counts as hung: they take a few seconds at most
LIMIT = 900     # ... and a program of them

# What only these ways show: the native one is the same with any library.
WAYS = "auto always"

# By what they take; the rest is quick.
SLOW = ["fact_children", "hazard_threads", "fact_files", "hazard_sandbox",
        "fact_reentry", "hazard_ghosts", "hazard_sleepers", "fact_signals",
        "fact_timeouts", "hazard_unwanted", "hazard_signals", "fact_stops",
        "fact_masks", "fact_sleepers", "hazard_wakeups", "hazard_stop"]


class Suite:
    """The tests of a build directory."""

    def __init__(self, build, directory):
        self.build = build
        self.directory = directory
        self.tests = build.tests

    def everything(self):
        """All programs, the quick ones first; the random calls last."""
        programs = [path.stem for kind in ("fact", "hazard")
                    for path in self.directory.glob(f"tests/{kind}_*.t")]
        quick = [name for name in programs if name not in SLOW]
        slow = [name for name in SLOW if name in programs]
        return [*self.build.units, *sorted(quick), *slow, "diff"]

    def command(self, test, library):
        name, _, one = test.partition("/")
        if name.startswith("unit_"):
            return [self.build.unit(name)]
        if name == "diff":
            return [self.tests / "diff" / "run"]
        if name in ("verify_mode", "security"):
            return [self.tests / name]
        program = self.directory / "tests" / (name + ".t")
        return [self.tests / "three-ways", program, *([one] if one else [])]

    def failure(self, test, library):
        """What of the test fails on the library, or None; so does hanging."""
        command = self.command(test, library)
        environment = dict(os.environ, LIBEPOLLSHIM=str(library), WAYS=WAYS,
                           TEST_SECONDS=SECONDS)
        environment.pop("UNIT_SEED", None)
        with tempfile.TemporaryFile("w+", errors="replace") as said:
            child = subprocess.Popen(command, cwd=self.directory,
                                     env=environment, start_new_session=True,
                                     stdin=subprocess.DEVNULL, stdout=said,
                                     stderr=subprocess.STDOUT)
            try:
                if child.wait(LIMIT) == 0:
                    return None
            except subprocess.TimeoutExpired:
                pass
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGTERM)
                    child.wait()
            said.seek(0)
            return self.first_failure(test, said.read())

    @staticmethod
    def first_failure(test, said):
        """Which test of a program it was, if the output tells."""
        found = re.search(r"^not ok \d+ - (\w+) \(\w+\)$", said, re.M)
        if not found:
            found = re.search(r"^\[  FAILED  \] (\w+)$", said, re.M)
        if found and "/" not in test:
            return f"{test}/{found.group(1)}"
        return test
