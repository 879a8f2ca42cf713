# SPDX-License-Identifier: MIT
from suite import backend, socks

PACKAGES = ["microsocks"]
PROGRAM = "microsocks"
HARD = "A thread with a stack of a few pages per connection."
SUBSET = True


def start(box):
    box.echo = backend.echo(box)
    box.start("microsocks", "-i", "127.0.0.1", "-p", box.port(),
              ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), greet=socks.greeting(box.echo), half=False)
