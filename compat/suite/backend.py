# SPDX-License-Identifier: MIT
"""Servers for proxies and clients to talk to; they are never under test."""

import http.server
import os
import socketserver
import threading

from .crowd import crowd, expect
from .box import blob


class _Threading(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        """A client that resets is nothing to report."""


class _Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


def _serve(port, handler):
    server = _Threading(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,),
                     daemon=True).start()
    return server


def echo(box, name="echo"):
    """An echo server's port."""
    port = box.port(name)
    _serve(port, _Echo)
    return port


async def hello(connection):
    """A greeting for servers that let no more than five or ten connections
    wait for accept(): the next one comes when this one is served."""
    await connection.send(b"hello")
    expect(await connection.exactly(5), b"hello")


def echo_crowd(box, address, size=20000, half=True, tls=False, **options):
    """Clients whose own bytes come back to them, and to nobody else.

    HALF is False for who natively ends a connection at the first end of it;
    TLS, as Python speaks it, knows no other way.
    """
    async def talk(connection, number):
        data = blob(size + number, f"client {number}")
        await connection.send(data)
        return expect(await connection.exactly(len(data)), data)

    async def half_talk(connection, number):
        data = blob(size + number, f"client {number}")
        await connection.send(data)
        connection.half_close()
        return expect(await connection.to_end(), data)

    crowd(box, address, talk, half=half_talk if half and not tls else None,
          tls=tls, word=b"half a w", **options)


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send_head(self):
        """Adds ranges, which downloaders in parts live on."""
        asked = self.headers.get("Range", "")
        path = self.translate_path(self.path)
        if not asked.startswith("bytes=") or not os.path.isfile(path):
            return super().send_head()
        size = os.path.getsize(path)
        first, _, last = asked[6:].partition("-")
        first, last = int(first or 0), int(last or size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        file = open(path, "rb")
        file.seek(first)
        self.left = last - first + 1
        return file

    def copyfile(self, source, outputfile):
        left = getattr(self, "left", None)
        data = source.read() if left is None else source.read(left)
        outputfile.write(data)
        self.left = None


def files(box, directory, name="files"):
    """The port of an HTTP server for DIRECTORY's files."""
    def handler(*arguments):
        return _Files(*arguments, directory=directory)

    port = box.port(name)
    _serve(port, handler)
    return port
