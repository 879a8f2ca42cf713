# SPDX-License-Identifier: MIT
from suite import backend
from suite.box import blob, listens_at

PACKAGES = ["netcat-openbsd"]
PROGRAM = "nc.openbsd"
HARD = ("Four entries of which some are -1 for a while; it stops asking to "
        "read while its buffer is full.")


def start(box):
    box.echo = backend.echo(box)
    path = box.path("socket")
    box.start("nc.openbsd", "-lU", path, ready=lambda: listens_at(path),
              name="listener")


def work(box):
    data = blob(900000, "nc")
    box.same("there and back", box.run("nc.openbsd", "-N", "127.0.0.1",
                                       box.echo, input=data), data)
    box.run("nc.openbsd", "-NU", box.path("socket"), input=data)
    box.until(lambda: (box.dir / "listener.log").stat().st_size == len(data),
              "the end")
    box.same("one way", (box.dir / "listener.log").read_bytes(), data)
    box.run("nc.openbsd", "-z", "-w", "2", "127.0.0.1", box.port("none"),
            status=1)
