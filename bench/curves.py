# SPDX-License-Identifier: MIT
"""Draws cost against n, a line for each party, by gnuplot."""

import os
import shutil
import subprocess
import sys
from collections import defaultdict

LEAST_POINTS = 4

SCRIPT = """
set terminal svg size 640,480 font "sans,13" background "white"
set output "{output}"
set title "{title}" noenhanced
set logscale xy
set format x "%.0f"
set format y "%.0s %cs"
set xlabel "descriptors watched"
set ylabel "processor time per call"
set key left top
set grid
plot $data using 1:2 with linespoints pointtype 7 title "native", \\
     $data using 1:3 with linespoints pointtype 5 title "libepollshim", \\
     $data using 1:4 with linespoints pointtype 9 title "epoll by hand"
"""


def draw_one(rows, title, output):
    lines = [f"{row.n} {row.native_ns / 1e9} {row.library_ns / 1e9} "
             f"{row.epoll_ns / 1e9}" for row in sorted(rows, key=lambda r: r.n)]
    data = "$data << END\n" + "\n".join(lines) + "\nEND\n"
    done = subprocess.run(["gnuplot"], text=True, check=False,
                          input=data + SCRIPT.format(title=title,
                                                     output=output))
    if done.returncode:
        sys.exit(f"run: gnuplot did not draw {output}: see above")


def require_gnuplot():
    """Before an hour of measuring, not after it."""
    if shutil.which("gnuplot") is None:
        sys.exit("run: gnuplot is not installed (Debian: apt-get install "
                 "gnuplot-nox)")


def draw(rows, directory):
    """One file for each call, shape, kind and share of ready descriptors
    that was measured at enough different n."""
    groups = defaultdict(dict)
    for row in rows:
        groups[row.call, row.shape, row.kind, row.ready][row.n] = row
    os.makedirs(directory, exist_ok=True)
    for (call, shape, kind, ready), by_n in sorted(groups.items()):
        if len(by_n) < LEAST_POINTS:
            continue
        share = ready.replace("%", "-percent")
        title = f"{call}, {shape}, {kind}, {ready} ready"
        name = f"{call}-{shape}-{kind}-{share}.svg"
        draw_one(by_n.values(), title, os.path.join(directory, name))
