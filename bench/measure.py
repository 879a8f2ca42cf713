# SPDX-License-Identifier: MIT
"""Runs bench/cell, under the library, and checks what the library counted."""

import os
import subprocess
import tempfile

import table


class Failed(Exception):
    pass


class Bench:
    def __init__(self, program, library, policy, seconds, processor, extra=()):
        self.program = program
        self.library = library
        self.policy = policy
        self.seconds = seconds
        self.processor = processor
        self.extra = list(extra)

    def _environment(self, stats):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("EPOLLSHIM_")}
        environment.pop("LD_PRELOAD", None)
        if self.library is not None:
            environment.update(LD_PRELOAD=self.library, EPOLLSHIM_STATS=stats,
                               EPOLLSHIM_POLICY=self.policy)
        return environment

    def _run(self, cell, seconds, stats):
        command = [self.program, *cell.arguments(), *self.extra,
                   f"--seconds={seconds}", f"--processor={self.processor}"]
        try:
            done = subprocess.run(command, env=self._environment(stats),
                                  capture_output=True, text=True,
                                  timeout=60 + 20 * seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)}: hangs") from None
        if done.returncode != 0:
            reason = done.stderr.strip() or f"status {done.returncode}"
            raise Failed(f"{' '.join(command)}: {reason}")
        return values_in(done.stdout)

    def measure(self, cell, scale=1):
        with tempfile.TemporaryDirectory(prefix="epollshim-bench.") as work:
            stats = os.path.join(work, "stats")
            values = self._run(cell, self.seconds * scale, stats)
            answered = 0.0
            if self.library is not None:
                answered = self._share_answered(cell, values, stats)
        return table.Row(
            call=cell.call, shape=cell.shape, kind=cell.kind, n=cell.n,
            ready=cell.ready, count=int(values["ready"]), answered=answered,
            **{name: values[name] for name in table.MEASURED})

    def _share_answered(self, cell, values, stats):
        """The library must have seen its own loop's calls and no others:
        else what was timed as native was not."""
        try:
            with open(stats) as file:
                counters = values_in(file.read())
        except OSError as error:
            raise Failed(f"no statistics: is {self.library} the library? "
                         f"({error})") from None
        if counters["calls"] != values["calls"]:
            raise Failed(f"{cell}: {values['calls']:.0f} calls were made of "
                         f"the library, it saw {counters['calls']:.0f}")
        return round(counters["answered"] / counters["calls"], 4)


def values_in(text):
    return {name: float(value)
            for name, value in (line.split() for line in text.splitlines())}
