# SPDX-License-Identifier: MIT
import codecs

from suite.crowd import crowd, expect

CLASSICS = ["epoll_rot13"]
PROGRAM = "epoll_rot13"
MODES = ["level", "edge", "oneshot"]
HARD = "Four workers on one set by EPOLLONESHOT; nothing of it is the library's."
UNTOUCHED = "it waits by epoll of its own"
SUBSET = True


def start(box):
    box.start(box.classic("epoll_rot13"), box.port(), box.mode,
              ready=box.port())


async def talk(connection, number):
    text = "".join(f"Word {number} of {n}. " for n in range(400))
    await connection.send(text.encode())
    answer = await connection.exactly(len(text))
    return expect(answer, codecs.encode(text, "rot13").encode())


def work(box):
    crowd(box, box.port(), talk, clients=400, word=b"half a w")
