# SPDX-License-Identifier: MIT
from suite.box import blob

PACKAGES = ["tftpd-hpa", "tftp-hpa"]
PROGRAM = "in.tftpd"
HARD = ("It chroots and becomes another user per request; each child waits "
        "on a datagram socket of its own.")
ROOT = True


def start(box):
    box.payload("root/file", 200000)
    box.dir.joinpath("root/file").chmod(0o644)
    box.count_within(box.path("root"))
    box.start("/usr/sbin/in.tftpd", "-L", "-a", f"127.0.0.1:{box.port()}",
              "-s", "-u", "nobody", box.path("root"),
              ready=lambda: listens_udp(box.port()))


def listens_udp(port):
    with open("/proc/net/udp", encoding="ascii") as file:
        return f":{port:04X} " in file.read()


def work(box):
    for number in range(3):
        box.run("tftp", "-m", "binary", "127.0.0.1", box.port(), "-c", "get",
                "file", box.path(f"got{number}"))
        box.same(f"got {number}", (box.dir / f"got{number}").read_bytes(),
                 blob(200000))
