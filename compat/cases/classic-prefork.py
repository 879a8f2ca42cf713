# SPDX-License-Identifier: MIT
from suite import backend

CLASSICS = ["prefork_accept"]
PROGRAM = "prefork_accept"
HARD = "Eight processes wait on one listener; all wake, and one may accept."
SUBSET = True


def start(box):
    box.start(box.classic("prefork_accept"), box.port(), ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), clients=400, size=3000)
