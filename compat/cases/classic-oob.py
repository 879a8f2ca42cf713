# SPDX-License-Identifier: MIT
import socket

from suite.box import blob
from suite.crowd import crowd, expect

CLASSICS = ["select_oob"]
PROGRAM = "select_oob"
HARD = ("The except set, asked for only until the mark was seen: readable, "
        "exceptional and both at once.")
SUBSET = True


def start(box):
    box.start(box.classic("select_oob"), box.port(), ready=box.port())


async def talk(connection, number):
    link = connection.writer.get_extra_info("socket")._sock
    got = b""
    for turn in range(4):
        urgent = bytes([65 + (number + turn) % 26])
        link.send(urgent, socket.MSG_OOB)
        got += expect(await connection.exactly(2), b"!" + urgent)
        data = blob(100 + turn, f"{number}")
        await connection.send(data)
        got += expect(await connection.exactly(len(data)), data)
    return got


def work(box):
    crowd(box, box.port(), talk, clients=300, word=b"half a w")
