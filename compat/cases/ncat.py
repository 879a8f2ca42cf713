# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob

PACKAGES = ["ncat"]
PROGRAM = "ncat"
HARD = ("select() with sets that are kept from call to call; a broker that "
        "tells each client's words to all others.")


def start(box):
    box.echo = backend.echo(box)
    box.start("ncat", "-lk", "-m", "400", "-c", "/bin/cat", "127.0.0.1",
              box.port(), ready=box.port())


def work(box):
    data = blob(300000, "ncat")
    box.same("client", box.run("ncat", "-i", "2", "127.0.0.1", box.echo,
                               input=data, status=(0, 1)), data)
    backend.echo_crowd(box, box.port(), greet=backend.hello, size=3000,
                       half=False)
