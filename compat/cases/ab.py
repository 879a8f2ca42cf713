# SPDX-License-Identifier: MIT
import re

from suite import backend

PACKAGES = ["apache2-utils"]
PROGRAM = "ab"
HARD = "A hundred connections at once from one process."
UNTOUCHED = "it waits by epoll of its own"


def start(box):
    box.payload("files/page", 20000)
    box.files = backend.files(box, box.path("files"))


def work(box):
    out = box.run("ab", "-q", "-n", "1000", "-c", "100",
                  f"http://127.0.0.1:{box.files}/page").decode()
    for name, wanted in (("Complete requests", 1000), ("Failed requests", 0)):
        found = re.search(rf"{name}:\s+(\d+)", out)
        box.same(name, found and int(found[1]), wanted)
