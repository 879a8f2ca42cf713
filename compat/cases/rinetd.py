# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["rinetd"]
PROGRAM = "rinetd"
HARD = "A forwarder whose sets change with every byte that waits."


def start(box):
    echo = backend.echo(box)
    config = box.file("rinetd.conf", f"127.0.0.1 {box.port()} "
                      f"127.0.0.1 {echo}\n")
    box.start("/usr/sbin/rinetd", "-f", "-c", config, ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), half=False)
