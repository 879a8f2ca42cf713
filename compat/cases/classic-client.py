# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob
from suite.terminal import Terminal

CLASSICS = ["select_client"]
PROGRAM = "select_client"
HARD = ("A terminal, then a file (which epoll refuses, and which is always "
        "readable), then a pipe beside the socket in one set.")
SUBSET = True


def start(box):
    box.echo = backend.echo(box)


def work(box):
    client = box.classic("select_client")
    screen = Terminal(box, client, box.echo)
    for word in ("hello", "between terminal", "and socket"):
        screen.line(word)
        screen.expect(f"{word}\n{word}\n")  # Typed, and come back.
    screen.type("\x04")
    box.same("the end of input", screen.wait_for_exit(), 0)
    data = blob(700000, "in batch")
    box.same("through a pipe", box.run(client, box.echo, input=data), data)
    file = box.file("input", data)
    box.same("from a file", box.run(
        "sh", "-c", '"$1" "$2" <"$3"', "sh", client, box.echo, file,
        name="select_client"), data)
