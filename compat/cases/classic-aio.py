# SPDX-License-Identifier: MIT
from suite.box import blob

CLASSICS = ["aio_copy"]
PROGRAM = "aio_copy"
HARD = ("libc's own threads come and go beside a thread that waits by poll(), "
        "which they wake.")
SUBSET = True


def work(box):
    data = blob(3000001, "aio")
    box.run(box.classic("aio_copy"), box.file("from", data), box.path("to"))
    box.same("copied", (box.dir / "to").read_bytes(), data)
