# SPDX-License-Identifier: MIT
from suite import backend, tls

PACKAGES = ["stunnel4", "openssl"]
PROGRAM = "stunnel4"
HARD = ("A thread per connection, each with a poll array of four and a life "
        "of milliseconds.")


def start(box):
    echo = backend.echo(box)
    config = box.file("stunnel.conf", f"""
foreground = yes
pid =
syslog = no
debug = err
socket = l:TCP_NODELAY=1
[server]
cert = {tls.certificate(box)}
accept = 127.0.0.1:{box.port()}
connect = 127.0.0.1:{echo}
[client]
client = yes
accept = 127.0.0.1:{box.port('client')}
connect = 127.0.0.1:{box.port()}
""")
    box.start("stunnel4", config, ready=box.port("client"))


def work(box):
    backend.echo_crowd(box, box.port(), tls=True)
    backend.echo_crowd(box, box.port("client"), clients=60, name="both ends")
