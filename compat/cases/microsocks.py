# SPDX-License-Identifier: MIT
import struct

from suite import backend

PACKAGES = ["microsocks"]
PROGRAM = "microsocks"
HARD = "A thread with a stack of a few pages per connection."
SUBSET = True


def start(box):
    box.echo = backend.echo(box)
    box.start("microsocks", "-i", "127.0.0.1", "-p", box.port(),
              ready=box.port())


def work(box):
    async def greet(connection):
        await connection.send(b"\5\1\0")
        await connection.exactly(2)
        await connection.send(b"\5\1\0\1\x7f\0\0\1" +
                              struct.pack("!H", box.echo))
        await connection.exactly(10)

    backend.echo_crowd(box, box.port(), greet=greet, half=False)
