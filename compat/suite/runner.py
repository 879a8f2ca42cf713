# SPDX-License-Identifier: MIT
"""Runs cases side by side, each natively first, and shows progress."""

import concurrent.futures
import dataclasses
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

from . import processes, verdict, ways
from .worker import BROKEN, FAILED

# Below the ports that connections get by themselves.
FIRST_PORT, END_PORT, PORTS_EACH = 10000, 32000, 20


@dataclasses.dataclass
class Outcome:
    case: object
    mode: str
    results: dict = dataclasses.field(default_factory=dict)
    verdicts: dict = dataclasses.field(default_factory=dict)

    @property
    def title(self):
        return f"{self.case.name}:{self.mode}" if self.mode else self.case.name

    @property
    def passed(self):
        return all(not why for _, why in self.verdicts.values())


class Runner:
    def __init__(self, run, chosen_ways, setup, scratch, jobs):
        self.run_command = run
        self.ways = chosen_ways
        self.setup = setup
        self.scratch = pathlib.Path(scratch)
        self.jobs = jobs
        self.lock = threading.Lock()
        self.workers = {}
        self.stopping = False
        self.runs = 0
        self.done = 0
        self.expected = 0

    # --- one run

    def _order(self, case, mode, way):
        with self.lock:
            number = self.runs
            self.runs += 1
        ranges = (END_PORT - FIRST_PORT) // PORTS_EACH
        first = FIRST_PORT + number % ranges * PORTS_EACH
        directory = self.scratch / f"r{number}"
        directory.mkdir()
        directory.chmod(0o755)
        return {"case": case.name, "mode": mode, "way": way,
                "directory": str(directory),
                "setup": {**self.setup, "ports": [first, first + PORTS_EACH]}}

    def _run(self, case, mode, way):
        order = self._order(case, mode, way)
        began = time.monotonic()
        worker = subprocess.Popen(
            [sys.executable, "-B", self.run_command, "--worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        with self.lock:
            self.workers[worker.pid] = worker
        limit = case.get("SECONDS", 180)
        status, message = BROKEN, ""
        try:
            out, errors = worker.communicate(json.dumps(order), limit)
            if worker.returncode == 0:
                return json.loads(out)
            message = errors[-600:]
        except subprocess.TimeoutExpired:
            status, message = FAILED, f"it had not ended after {limit} s"
        finally:
            self._end(worker)
        return {"status": status, "message": message, "findings": {},
                "programs": {}, "descriptors": {}, "crashes": [], "killed": 0,
                "seconds": time.monotonic() - began}

    def _end(self, worker):
        """Ends a worker last: it is who knows its orphans."""
        while worker.poll() is None:
            tree = processes.below(worker.pid)
            for pid in tree or [worker.pid]:
                processes.send(pid, signal.SIGKILL)
            time.sleep(0.02)
        with self.lock:
            self.workers.pop(worker.pid, None)

    # --- one case

    def _judge(self, outcome, way):
        case, result = outcome.case, outcome.results[way]
        if way == ways.NATIVE:
            return verdict.native(result)
        return verdict.other(outcome.results[ways.NATIVE], result, way,
                             case.get("PROGRAM"),
                             case.untouched(outcome.mode))

    def _try(self, outcome, way):
        outcome.results[way] = self._run(outcome.case, outcome.mode, way)
        outcome.verdicts[way] = self._judge(outcome, way)

    def _try_again(self, outcome, way):
        """A server that fails by itself, once in many runs, says nothing of
        the library: it has one more chance to be the oracle."""
        with self.lock:
            print(f"          {outcome.title}: once more, for it "
                  f"{' '.join(outcome.verdicts[way][1].split())[:1000]}",
                  flush=True)
        if not self.stopping:
            self._try(outcome, way)

    def _case(self, case, mode):
        outcome = Outcome(case, mode)
        for way in self.ways:
            if self.stopping:
                break
            self._try(outcome, way)
            if way == ways.NATIVE and outcome.verdicts[way][1]:
                self._try_again(outcome, way)
            self._show(outcome, way)
            if way == ways.NATIVE and outcome.verdicts[way][1]:
                with self.lock:
                    self.expected -= len(self.ways) - 1
                break
        return outcome

    def _show(self, outcome, way):
        result, (found, why) = outcome.results[way], outcome.verdicts[way]
        text = "ok" if way == ways.NATIVE and not why else found
        if way != ways.NATIVE:
            answered, calls = verdict.calls(result,
                                            outcome.case.get("PROGRAM"))
            text += f", {answered} of {calls} calls answered"
        with self.lock:
            self.done += 1
            print(f"[{self.done:3}/{self.expected}] {outcome.title:24} "
                  f"{way:7} {result['seconds']:5.1f} s  {text}", flush=True)
            if why:
                print(f"          {' '.join(why.split())[:1000]}", flush=True)

    # --- all

    def run(self, chosen):
        self.expected = len(chosen) * len(self.ways)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            tasks = [pool.submit(self._case, case, mode)
                     for case, mode in chosen]
            try:
                outcomes = [task.result() for task in tasks]
            except BaseException:
                self.stop()
                raise
        return [outcome for outcome in outcomes if outcome.verdicts]

    def stop(self):
        self.stopping = True
        with self.lock:
            workers = list(self.workers.values())
        for worker in workers:
            self._end(worker)
