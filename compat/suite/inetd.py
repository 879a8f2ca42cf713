# SPDX-License-Identifier: MIT
"""What super-servers are asked: many short services, a process each."""

from .crowd import crowd, expect
from .box import blob


def cat_crowd(box, port, **options):
    """Clients of a service that is /bin/cat."""
    async def talk(connection, number):
        data = blob(8000 + number, f"client {number}")
        await connection.send(data)
        return expect(await connection.exactly(len(data)), data)

    async def half(connection, number):
        data = blob(8000 + number, f"client {number}")
        await connection.send(data)
        connection.half_close()
        return expect(await connection.to_end(), data)

    crowd(box, port, talk, half=half, word=b"half a w", **options)
