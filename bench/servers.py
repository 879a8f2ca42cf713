# SPDX-License-Identifier: MIT
"""What bench/endtoend measured: processor time a request, by server and load,
in three modes."""

import csv
import statistics
from collections import defaultdict
from dataclasses import dataclass

MODES = ("native", "library", "epoll")


@dataclass(frozen=True)
class Load:
    server: str
    call: str
    idle: int
    active: int
    new_connections: bool


@dataclass
class Result:
    load: Load
    us: dict  # by mode: processor time of the server a request, each round
    rate: dict  # requests a second

    def name(self):
        load = self.load
        kept = ", a new connection each request" if load.new_connections else ""
        return (f"{load.server}, {load.call}, {load.idle:,} idle, "
                f"{load.active} active{kept}")

    def median(self, mode):
        return statistics.median(self.us[mode])

    def ratio(self, *others):
        """The library's cost against the cheapest of `others`: the median of
        the ratios within a round."""
        return statistics.median(
            own / min(other) for own, *other in
            zip(self.us["library"], *(self.us[mode] for mode in others)))

    def verdict(self):
        """The bound (or None), against what, and the ratio."""
        load = self.load
        if load.new_connections:
            return 1.12, "its own epoll", self.ratio("epoll")
        if load.idle == 0:
            return 1.03, "the better of the two", self.ratio("native", "epoll")
        bound = {1000: 1.05, 9000: 1.10}.get(load.idle)
        return bound, "its own epoll", self.ratio("epoll")


def read(path):
    results = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            load = Load(row["server"], row["call"], int(row["idle"]),
                        int(row["active"]), row["new_connections"] == "yes")
            result = results.setdefault(
                load, Result(load, defaultdict(list), defaultdict(list)))
            result.us[row["mode"]].append(float(row["cpu_us_per_request"]))
            result.rate[row["mode"]].append(float(row["requests_per_second"]))
    return list(results.values())
