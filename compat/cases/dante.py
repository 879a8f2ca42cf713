# SPDX-License-Identifier: MIT
import struct

from suite import backend

PACKAGES = ["dante-server"]
PROGRAM = "danted"
HARD = ("Processes for negotiation, requests and data hand the connections on "
        "to each other by SCM_RIGHTS, from set to set.")
ELASTIC = "it has as many processes, and links to them, as it finds need of"
ROOT = True


def start(box):
    box.echo = backend.echo(box)
    config = box.file("danted.conf", f"""
errorlog: stderr
internal: 127.0.0.1 port = {box.port()}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
""")
    box.dir.chmod(0o1777)
    box.start("/usr/sbin/danted", "-f", config, "-p", box.path("pid"),
              ready=box.port())


def work(box):
    async def greet(connection):
        await connection.send(b"\5\1\0")
        await connection.exactly(2)
        await connection.send(b"\5\1\0\1\x7f\0\0\1" +
                              struct.pack("!H", box.echo))
        await connection.exactly(10)

    backend.echo_crowd(box, box.port(), greet=greet)
