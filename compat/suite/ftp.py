# SPDX-License-Identifier: MIT
"""FTP as far as the cases speak it."""

import ftplib
import io

from .crowd import crowd, expect


def exchange(box, port, user, password, directory=""):
    """Lists, fetches and stores; the standard client is never under test.

    The server's directory holds big, and takes uploads under its own up/.
    """
    with ftplib.FTP() as client:
        client.connect("127.0.0.1", port, timeout=20)
        client.login(user, password)
        if directory:
            client.cwd(directory)
        names = client.nlst()
        box.check("big" in names, f"big is not listed, but {names}")
        fetched = io.BytesIO()
        client.retrbinary("RETR big", fetched.write)
        box.saw("fetched", fetched.getvalue())
        client.storbinary("STOR up/sent", io.BytesIO(fetched.getvalue()))
        box.saw("stored", client.size("big") or 0)
        client.quit()
        return fetched.getvalue()


def session_crowd(box, port, user, password, **options):
    """Clients who log in, ask where they are, and say good-bye."""
    async def greet(connection):
        await connection.until()

    async def talk(connection, _number):
        codes = b""
        for line in (f"USER {user}", f"PASS {password}", "TYPE I", "PWD",
                     "QUIT"):
            await connection.send(line.encode() + b"\r\n")
            answer = await connection.until()
            while answer[3:4] == b"-":
                answer = await connection.until()
            codes += answer[:4]
        return expect(codes, b"331 230 200 257 221 ")

    crowd(box, port, talk, greet=greet, word=b"USER ha", **options)
