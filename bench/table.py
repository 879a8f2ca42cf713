# SPDX-License-Identifier: MIT
"""What was measured: its columns, its file, and when a cell is too slow."""

import csv
from dataclasses import dataclass

# What bench/cell prints, and how it is kept.
MEASURED = ("native_ns", "library_ns", "epoll_ns", "own_ns", "own_epoll_ns",
            "memcmp_ns", "speedup", "loss_ns", "to_epoll", "rounds")
COLUMNS = (("call", "shape", "kind", "n", "ready", "count") + MEASURED +
           ("answered", "times"))

# A turn may be slower than native by this, whichever is more: of all that the
# program does in it, since the library has a part in a close and an accept too.
LOSS_SHARE = 0.03
LOSS_NS = 8

# And than epoll by hand, where much is watched and little is ready.
EPOLL_FACTOR = 1.25
EPOLL_LEAST_N = 256
EPOLL_MOST_READY = 0.10


@dataclass
class Row:
    call: str
    shape: str
    kind: str
    n: int
    ready: str
    count: int
    native_ns: float
    library_ns: float
    epoll_ns: float
    own_ns: float
    own_epoll_ns: float
    memcmp_ns: float  # of what each call is handed: the array, or one set
    speedup: float
    loss_ns: float
    to_epoll: float
    rounds: float
    answered: float  # share of the library's calls that epoll answered
    times: int = 1  # how often it was measured; this is the median

    def turn_ns(self):
        """Natively, with the loop's own work, which is taken off elsewhere;
        but not from a call that sleeps."""
        return self.native_ns + (0 if self.shape == "wake" else self.own_ns)

    def _loses_more_than_allowed_of(self, ns):
        return self.loss_ns > max(LOSS_NS, LOSS_SHARE * ns)

    def is_slower(self):
        return self._loses_more_than_allowed_of(self.turn_ns())

    def is_slower_alone(self):
        """The same with the loop's own work taken off what it is a share of,
        but not the library's part in that."""
        return self._loses_more_than_allowed_of(self.native_ns)

    def epoll_bound(self):
        """What epoll by hand allows the library, in nanoseconds."""
        return EPOLL_FACTOR * self.epoll_ns + self.memcmp_ns

    def is_judged_by_epoll(self):
        return (self.n >= EPOLL_LEAST_N and
                self.count <= EPOLL_MOST_READY * self.n)

    def is_far_from_epoll(self):
        return (self.is_judged_by_epoll() and
                self.library_ns > self.epoll_bound())

    def floor(self):
        """How much faster than native one comparison and one epoll_wait
        would have been: nobody who is given an array, or sets, can do
        better."""
        return self.native_ns / (self.epoll_ns + self.memcmp_ns)

    def name(self):
        return (f"{self.call}, {self.shape}, {self.kind}, n = {self.n:,}, "
                f"{self.ready} ready")

    def values(self):
        return [getattr(self, column) for column in COLUMNS]


def read(path):
    types = Row.__annotations__
    with open(path, newline="") as file:
        return [Row(**{name: types[name](value) for name, value in row.items()})
                for row in csv.DictReader(file)]


class Writer:
    """Writes rows as they come, so that an interrupted run leaves what it
    has measured."""

    def __init__(self, path):
        self.file = open(path, "w", newline="")
        self.csv = csv.writer(self.file, lineterminator="\n")
        self.csv.writerow(COLUMNS)

    def add(self, row):
        self.csv.writerow(row.values())
        self.file.flush()

    def close(self):
        self.file.close()


def write(path, rows):
    writer = Writer(path)
    for row in rows:
        writer.add(row)
    writer.close()
