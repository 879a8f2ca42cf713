# SPDX-License-Identifier: MIT
"""SOCKS 5, as much of it as a client without a password says."""
import struct


def greeting(port):
    """What is said before the talk, to get through to that port."""
    async def greet(connection):
        await connection.send(b"\5\1\0")
        await connection.exactly(2)
        await connection.send(b"\5\1\0\1\x7f\0\0\1" +
                              struct.pack("!H", port))
        await connection.exactly(10)
    return greet
