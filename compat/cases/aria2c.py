# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob

PACKAGES = ["aria2"]
PROGRAM = "aria2c"
MODES = ["poll", "select", "epoll"]
HARD = ("One file in sixteen parts at once, and forty files side by side: the "
        "set changes with every connection.")


def start(box):
    box.payload("files/big", 8 << 20)
    for number in range(40):
        box.payload(f"files/small{number}", 50000 + number, f"s{number}")
    box.files = backend.files(box, box.path("files"))


def work(box):
    words = ("-q", "--event-poll=" + box.mode, "--no-conf",
             "--async-dns=false", "--enable-dht=false", "--file-allocation"
             "=none", "-d", box.path("got"))
    base = f"http://127.0.0.1:{box.files}"
    box.run("aria2c", *words, "-x16", "-s16", "-k1M", f"{base}/big")
    box.same("big", (box.dir / "got/big").read_bytes(), blob(8 << 20))
    box.run("aria2c", *words, "-j20", "-Z",
            *(f"{base}/small{number}" for number in range(40)))
    for number in range(40):
        got = (box.dir / f"got/small{number}").read_bytes()
        box.same(f"small{number}", got, blob(50000 + number, f"s{number}"))
