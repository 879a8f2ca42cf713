# SPDX-License-Identifier: MIT
import re

from suite import backend

PACKAGES = ["siege"]
PROGRAM = "siege"
HARD = "A hundred threads, each with one descriptor and poll() or select()."


def start(box):
    box.payload("files/page", 20000)
    box.files = backend.files(box, box.path("files"))
    box.rc = box.file("siegerc", "verbose = false\nlogging = false\n"
                      "json_output = false\nlimit = 200\n")


def work(box):
    out = box.run("siege", "-R", box.rc, "-b", "-c", "60", "-r", "10",
                  f"http://127.0.0.1:{box.files}/page", stderr=True).decode()
    for name in ("Transactions", "Failed transactions"):
        found = re.search(rf"{name}:\s+(\d+)", out)
        box.same(name, found and int(found[1]), {"Transactions": 600}.get(
            name, 0))
