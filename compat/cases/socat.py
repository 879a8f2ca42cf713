# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob

PACKAGES = ["socat"]
PROGRAM = "socat"
HARD = ("A child per connection, forked after the first wait, waits with "
        "arrays that change from call to call; one speaks to a terminal.")
SUBSET = True


def start(box):
    echo = backend.echo(box)
    box.start("socat", "-t", "20", f"TCP-LISTEN:{box.port()},bind=127.0.0.1,fork,"
              "reuseaddr,backlog=300", f"TCP:127.0.0.1:{echo}",
              ready=box.port())
    box.start("socat", "-t", "20", f"TCP-LISTEN:{box.port('cat')},bind=127.0.0.1,fork,"
              "reuseaddr", "EXEC:cat,pty,rawer", ready=box.port("cat"))


def work(box):
    backend.echo_crowd(box, box.port())
    backend.echo_crowd(box, box.port("cat"), clients=20, size=3000, half=False,
                       name="terminals")
    data = blob(500000)
    box.same("piped", box.run("socat", "-t", "5", "-", "SYSTEM:cat",
                              input=data), data)
