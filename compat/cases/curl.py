# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob

PACKAGES = ["curl"]
PROGRAM = "curl"
HARD = ("Sixty transfers in one poll array, made anew for each call; it also "
        "waits on a socket pair of its own.")
SUBSET = True
FILES = 200


def start(box):
    for number in range(FILES):
        box.payload(f"files/{number}", 20000 + number, f"f{number}")
    box.files = backend.files(box, box.path("files"))


def work(box):
    out = box.directory("got")
    box.run("curl", "-sS", "--parallel", "--parallel-immediate",
            "--parallel-max", "100", "-o", f"{out}/#1",
            f"http://127.0.0.1:{box.files}/[0-{FILES - 1}]")
    for number in range(FILES):
        got = (box.dir / f"got/{number}").read_bytes()
        box.same(f"file {number}", got, blob(20000 + number, f"f{number}"))
    box.run("curl", "-sS", "--max-time", "5",
            f"http://127.0.0.1:{box.port('nobody')}/", status=7)
