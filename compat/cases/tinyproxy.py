# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["tinyproxy-bin"]
PROGRAM = "tinyproxy"
HARD = "A thread per connection, with arrays that live on its stack."
SUBSET = True


def start(box):
    box.file("files/behind", blob(100000, "behind"))
    box.behind = backend.files(box, box.path("files"))
    box.echo = backend.echo(box)
    config = box.file("tinyproxy.conf", f"""
Port {box.port()}
Listen 127.0.0.1
Timeout 60
MaxClients 400
Allow 127.0.0.1
ConnectPort {box.echo}
""")
    box.start("tinyproxy", "-d", "-c", config, ready=box.port())


def work(box):
    http.http_crowd(box, box.port(), f"http://127.0.0.1:{box.behind}/behind",
                    blob(100000, "behind"), keep=False)

    async def greet(connection):
        await connection.send(b"CONNECT 127.0.0.1:%d HTTP/1.0\r\n\r\n"
                              % box.echo)
        await connection.until(b"\r\n\r\n")

    backend.echo_crowd(box, box.port(), greet=greet, half=False,
                       name="tunnels")
