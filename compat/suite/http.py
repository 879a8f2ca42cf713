# SPDX-License-Identifier: MIT
"""HTTP as far as the cases speak it."""

import urllib.error
import urllib.request

from .crowd import crowd, expect


def get(port, path, timeout=20, headers=None, data=None):
    """Status and body; the standard library's client is never under test."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                     headers=headers or {}, data=data)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


async def response(connection):
    """The body of one response of a connection that is kept open."""
    head = (await connection.until(b"\r\n\r\n")).decode("latin-1").lower()
    lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if "chunked" in fields.get("transfer-encoding", ""):
        return lines[0].encode(), await _chunks(connection)
    if "content-length" not in fields:
        return lines[0].encode(), await connection.to_end()
    size = int(fields["content-length"])
    return lines[0].encode(), await connection.exactly(size)


async def _chunks(connection):
    body = b""
    while True:
        size = int((await connection.until(b"\r\n")).split(b";")[0], 16)
        body += await connection.exactly(size)
        await connection.until(b"\r\n")
        if size == 0:
            return body


def http_crowd(box, port, path, body, keep=True, half=False, **options):
    """Clients that fetch PATH and know its BODY."""
    word = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    ending = b"\r\n" if keep else b"Connection: close\r\n\r\n"

    async def talk(connection, _number):
        await connection.send(word + ending)
        return expect((await response(connection))[1], body)

    async def half_talk(connection, _number):
        await connection.send(word + b"Connection: close\r\n\r\n")
        connection.half_close()
        return expect((await response(connection))[1], body)

    crowd(box, port, talk, word=word, half=half_talk if half else None,
          rounds=3 if keep else 1, **options)
