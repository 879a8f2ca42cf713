# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob

PACKAGES = ["axel"]
PROGRAM = "axel"
HARD = "Ten parts at once in one select(), whose sockets threads have opened."


def start(box):
    box.payload("files/big", 6 << 20)
    box.files = backend.files(box, box.path("files"))


def work(box):
    box.run("axel", "-q", "-n", "10", "-o", box.path("got"),
            f"http://127.0.0.1:{box.files}/big")
    box.same("big", (box.dir / "got").read_bytes(), blob(6 << 20))
