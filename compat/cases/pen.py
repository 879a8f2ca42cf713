# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["pen"]
PROGRAM = "pen"
MODES = ["poll", "select"]
HARD = ("A balancer whose array holds both sides of each connection, with "
        "holes where one has gone.")


def start(box):
    echo, other = backend.echo(box), backend.echo(box, "other")
    how = ["-P"] if box.mode == "poll" else ["-o", "select"]
    box.start("/usr/bin/pen", "-f", "-r", "-x", "400", "-c", "500", *how,
              f"127.0.0.1:{box.port()}", f"127.0.0.1:{echo}",
              f"127.0.0.1:{other}", ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port())
