# SPDX-License-Identifier: MIT
"""Questions to name servers; who answers knows h0.test to h999.test."""

import socket
import struct

from .crowd import crowd, expect


def address(number):
    return f"10.1.{number // 250}.{number % 250 + 1}"


def question(number, name):
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in name.split("."))
    return (struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels +
            b"\0\0\1\0\1")


async def _ask(connection, number):
    asked = question(number, f"h{number}.test")
    await connection.send(struct.pack("!H", len(asked)) + asked)


async def _answer(connection, number):
    size = struct.unpack("!H", await connection.exactly(2))[0]
    answer = await connection.exactly(size)
    return expect(answer[-4:], socket.inet_aton(address(number)))


def tcp_crowd(box, port, half=True, **options):
    async def talk(connection, number):
        await _ask(connection, number)
        return await _answer(connection, number)

    async def half_talk(connection, number):
        await _ask(connection, number)
        connection.half_close()
        return await _answer(connection, number)

    crowd(box, port, talk, half=half_talk if half else None, word=b"\0",
          name="tcp", **options)


def udp_questions(box, port, count=300):
    """Each question by a client of its own, twenty on their way at once."""
    for first in range(0, count, 20):
        clients = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(20)]
        for number, client in enumerate(clients, first):
            client.settimeout(10)
            client.connect(("127.0.0.1", port))
            client.send(question(number, f"h{number}.test"))
        for number, client in enumerate(clients, first):
            # What stands behind the name and is no address is the zone's.
            box.check(socket.inet_aton(address(number)) in client.recv(4096),
                      f"h{number}.test has another address")
            client.close()
    box.saw("udp", count)
