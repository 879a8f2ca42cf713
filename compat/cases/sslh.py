# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["sslh"]
PROGRAM = "sslh-select"
HARD = ("One port for several protocols: it waits for a first word with a "
        "timeout per connection, all in one select().")


def start(box):
    echo = backend.echo(box)
    box.start("/usr/sbin/sslh-select", "-f", "-u", "root", "-p",
              f"127.0.0.1:{box.port()}", "--anyprot", f"127.0.0.1:{echo}",
              "-P", box.path("pid"), "-n", ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), clients=200, size=1000,
                       resets=False)
