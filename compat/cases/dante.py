# SPDX-License-Identifier: MIT
from suite import backend, socks

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
    backend.echo_crowd(box, box.port(), greet=socks.greeting(box.echo))
