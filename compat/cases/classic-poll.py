# SPDX-License-Identifier: MIT
from suite import backend

CLASSICS = ["poll_echo"]
PROGRAM = "poll_echo"
HARD = "One array in place for ever, -1 in free slots, POLLRDNORM asked for."
SUBSET = True


def start(box):
    box.start(box.classic("poll_echo"), box.port(), ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), clients=600, size=3000)
