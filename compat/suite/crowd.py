# SPDX-License-Identifier: MIT
"""Clients in number, as the world sends them: they talk, stall, close half,
reset and go away in the middle of a word.

A case says how one client talks: `async def talk(conn, number)` returns the
bytes that came back. What a client gets back must depend on nothing but its
number; all that all of them got is compared by a checksum per client, so that
nothing may be lost, doubled, or handed to somebody else.
"""

import asyncio
import hashlib
import socket
import ssl
import struct

from .box import Failed

PATIENCE = 60  # Seconds without which a client calls it a hang.


class Connection:
    """One client's stream."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def send(self, data):
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), PATIENCE)

    async def exactly(self, size):
        return await asyncio.wait_for(self.reader.readexactly(size), PATIENCE)

    async def until(self, end=b"\n"):
        return await asyncio.wait_for(self.reader.readuntil(end), PATIENCE)

    async def to_end(self):
        return await asyncio.wait_for(self.reader.read(-1), PATIENCE)

    def half_close(self):
        self.writer.write_eof()

    def reset(self):
        """Closes so that the other side gets a RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def close(self):
        self.writer.close()
        try:
            await asyncio.wait_for(self.writer.wait_closed(), PATIENCE)
        except (OSError, ssl.SSLError):
            pass


async def connect(address, tls=False):
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if isinstance(address, str):
        opened = asyncio.open_unix_connection(address, limit=1 << 20)
    else:
        opened = asyncio.open_connection("127.0.0.1", address, ssl=context,
                                         limit=1 << 20)
    return Connection(*await asyncio.wait_for(opened, PATIENCE))


class Crowd:
    """CLIENTS connections at once to ADDRESS (a port, or a socket's path).

    They stall, while half as many more come and go, no more than ACTIVE at
    once; then they want to be served, too.
    """

    def __init__(self, address, talk, clients=200, active=16, word=None,
                 greet=None, tls=False, half=None, rounds=1, resets=True):
        self.address = address
        self.talk = talk
        self.clients = clients
        self.gate = asyncio.Semaphore(active)
        self.word = word      # The beginning of a request, for who resets.
        self.greet = greet    # What a client does before it stalls.
        self.half = half      # A talk whose client closes its half early.
        self.tls = tls
        self.rounds = rounds
        self.resets = resets  # False for who can't take it natively.
        self.digests = {}

    async def _open(self):
        connection = await connect(self.address, self.tls)
        if self.greet:
            await self.greet(connection)
        return connection

    async def _talk(self, name, connection, number, talk):
        """One conversation; what came back is kept under its name."""
        try:
            got = await asyncio.wait_for(talk(connection, number), PATIENCE)
        except (asyncio.TimeoutError, asyncio.IncompleteReadError,
                OSError) as error:
            raise Failed(f"client {name}: {type(error).__name__} "
                         f"{error}") from None
        self.digests[name] = hashlib.sha256(got).hexdigest()

    async def _talker(self, number):
        async with self.gate:
            connection = await self._open()
            for turn in range(self.rounds):
                await self._talk(f"talker {number}.{turn}", connection,
                                 number, self.talk)
            await connection.close()

    async def _closer(self, number):
        """Closes its half as soon as it has asked."""
        if self.half:
            async with self.gate:
                connection = await self._open()
                await self._talk(f"closer {number}", connection, number,
                                 self.half)
                await connection.close()

    async def _resetter(self, _number):
        """Says half a word and is gone."""
        async with self.gate:
            connection = await connect(self.address)
            try:
                if self.word:
                    await connection.send(self.word)
                connection.reset()
            except OSError:
                pass  # The server was faster in showing the door.

    async def _staller(self, number, connection):
        """Is served as if nothing had been."""
        async with self.gate:
            await self._talk(f"staller {number}", connection, number,
                             self.talk)
            await connection.close()

    async def _whole(self):
        stalled = [await self._open() for _ in range(self.clients)]
        roles = (self._talker, self._closer,
                 self._resetter if self.resets else self._talker,
                 self._talker)
        await asyncio.gather(*(roles[number % 4](number)
                               for number in range(self.clients // 2)))
        await asyncio.gather(*(self._staller(number, connection)
                               for number, connection in enumerate(stalled)))

    def run(self):
        """Returns a digest of who got what."""
        asyncio.run(self._whole())
        lines = [f"{name} {got}" for name, got in sorted(self.digests.items())]
        whole = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return f"{len(lines)} conversations, sha256 {whole[:16]}"


def crowd(box, address, talk, name="crowd", **options):
    """Sends a crowd and notes what it got."""
    box.saw(name, Crowd(address, talk, **options).run())


def expect(got, wanted):
    """For talks that know the answer beforehand."""
    if got != wanted:
        raise Failed(f"got {got[:80]!r} ({len(got)} bytes), expected "
                     f"{wanted[:80]!r} ({len(wanted)} bytes)")
    return got
