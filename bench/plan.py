# SPDX-License-Identifier: MIT
"""Which cells of the grid are measured.

A row of a plan is a product of columns; the plan is the union of its rows.
The grid's own full product would take hours and say little more.
"""

from dataclasses import dataclass, field
from itertools import product

NUMBERS = (1, 2, 4, 8, 16, 32, 64, 256, 500, 1000, 4000, 9000)
READY = ("0", "1", "1%", "10%", "50%", "100%")
KINDS = ("unix", "tcp", "pipe")
CALLS = ("poll", "select")

# select() has no array: it has no use for the last three.
SHAPES = ("same", "pollout", "reopen", "swap", "tenth", "single", "two",
          "wake", "clear", "compact", "fresh")
POLL_ONLY = SHAPES[-3:]


@dataclass(frozen=True)
class Cell:
    call: str
    shape: str
    kind: str
    n: int
    ready: str = field(compare=False)  # as it was asked for
    count: int  # and what it comes to

    def arguments(self):
        return [f"--call={self.call}", f"--shape={self.shape}",
                f"--kind={self.kind}", f"--n={self.n}", f"--ready={self.count}"]

    def __str__(self):
        return (f"{self.call:6} {self.shape:7} {self.kind:4} "
                f"{self.n:5} {self.count:5}")


def count_ready(shape, n, ready):
    if shape == "wake":
        return 0
    if not ready.endswith("%"):
        return min(int(ready), n)
    share = float(ready[:-1])
    return max(int(n * share / 100), 1 if share > 0 else 0)


def is_possible(call, shape, kind):
    if shape in POLL_ONLY:
        return call == "poll"
    return shape != "reopen" or kind != "pipe"


FULL = (
    dict(call=("poll",), shape=("same",), kind=("unix",), n=NUMBERS,
         ready=READY),
    dict(call=("poll",), shape=("same",), kind=("tcp", "pipe"),
         n=(1, 16, 64, 256, 1000, 9000), ready=("0", "1", "10%", "100%")),
    dict(call=("select",), shape=("same",), kind=("unix",),
         n=NUMBERS + (250, 490), ready=READY),
    dict(call=("select",), shape=("same",), kind=("tcp", "pipe"),
         n=(16, 250, 490, 1000), ready=("1", "10%", "100%")),
    dict(call=("poll",), shape=SHAPES[1:], kind=("unix",), n=NUMBERS,
         ready=("1",)),
    dict(call=("poll",), shape=SHAPES[1:], kind=("unix",),
         n=(16, 256, 1000, 9000), ready=("10%", "100%")),
    dict(call=("poll",), shape=("pollout", "reopen", "swap", "wake"),
         kind=("tcp",), n=(16, 256, 1000, 9000), ready=("1",)),
    dict(call=("select",), shape=SHAPES[1:], kind=("unix",),
         n=(1, 16, 64, 250, 490, 1000, 9000), ready=("1",)),
)

QUICK = (
    dict(call=("poll",), shape=("same",), kind=("unix",),
         n=(1, 4, 16, 64, 256, 1000, 9000), ready=("1",)),
    dict(call=("poll",), shape=("same",), kind=("unix",),
         n=(16, 256, 9000), ready=("0", "10%", "100%")),
    dict(call=("poll",), shape=("same",), kind=("tcp", "pipe"),
         n=(1000, 9000), ready=("1",)),
    dict(call=("select",), shape=("same",), kind=("unix",),
         n=(1, 16, 250, 490, 1000), ready=("1",)),
    dict(call=("select",), shape=("same",), kind=("unix",),
         n=(250,), ready=("10%", "100%")),
    dict(call=("poll",), shape=SHAPES[1:], kind=("unix",),
         n=(16, 1000, 9000), ready=("1",)),
)


def cells(rows, wanted):
    """The cells of `rows`; a column that is `wanted` is replaced, except that
    of shapes, which chooses rows."""
    found = {}
    for row in rows:
        columns = dict(row)
        for name, values in wanted.items():
            if name == "shape":
                values = [shape for shape in row["shape"] if shape in values]
            columns[name] = values
        for call, shape, kind, n, ready in product(
                *(columns[c] for c in ("call", "shape", "kind", "n", "ready"))):
            if is_possible(call, shape, kind):
                count = count_ready(shape, n, ready)
                cell = Cell(call, shape, kind, n, ready, count)
                found.setdefault(cell, cell)
    return list(found)
