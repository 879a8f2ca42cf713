# SPDX-License-Identifier: MIT
import re

from suite import backend

PACKAGES = ["httperf"]
PROGRAM = "httperf"
HARD = "It never sleeps: select() with a timeout of nothing, in a loop."


def start(box):
    box.payload("files/page", 20000)
    box.files = backend.files(box, box.path("files"))


def work(box):
    out = box.run("httperf", "--server", "127.0.0.1", "--port", box.files,
                  "--uri", "/page", "--num-conns", "300", "--rate", "300",
                  "--num-calls", "3", "--timeout", "10", stderr=True).decode()
    found = re.search(r"requests (\d+) replies (\d+)", out)
    box.same("replies", found and found.groups(), ("900", "900"))
    found = re.search(r"Errors: total (\d+)", out)
    box.same("errors", found and found[1], "0")
