# SPDX-License-Identifier: MIT
import socket
import struct

from suite.box import blob

PACKAGES = ["nbd-server"]
PROGRAM = "nbd-server"
HARD = ("select() on its listeners, a fork per client, and a loop in the child "
        "that closes what the parent had open.")
SIZE = 4 << 20


def start(box):
    box.payload("disk", SIZE)
    config = box.file("config", f"""
[generic]
    port = {box.port()}
    listenaddr = 127.0.0.1
[disk]
    exportname = {box.path('disk')}
""")
    box.start("nbd-server", "-C", config, "-p", box.path("pid"),
              ready=box.port())


class Disk:
    """A client of the fixed newstyle protocol."""

    def __init__(self, port):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.link.makefile("rb")
        self.file.read(18)
        name = b"disk"
        self.link.sendall(struct.pack("!I8sII", 3, b"IHAVEOPT", 1, len(name))
                          + name)
        self.size, _flags = struct.unpack("!QH", self.file.read(10))

    def request(self, kind, offset, size, data=b""):
        self.link.sendall(struct.pack("!IHHQQI", 0x25609513, 0, kind, 7,
                                      offset, size) + data)
        if kind == 2:
            return b""
        magic, error, _handle = struct.unpack("!IIQ", self.file.read(16))
        assert magic == 0x67446698 and error == 0, (magic, error)
        return self.file.read(size) if kind == 0 else b""

    def leave(self, way):
        """As it is polite, or by half, or by a reset in mid-request."""
        if way == 0:
            self.request(2, 0, 0)
        elif way == 1:
            self.link.shutdown(socket.SHUT_WR)
        else:
            self.link.sendall(struct.pack("!I", 0x25609513))
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        self.file.close()
        self.link.close()


def work(box):
    disks = [Disk(box.port()) for _ in range(200)]
    box.check({disk.size for disk in disks} == {SIZE}, "another size")
    content = blob(SIZE)
    for number, disk in enumerate(disks):
        for turn in range(10):
            at = (number * 50021 + turn * 65536) % (SIZE - 65536)
            box.check(disk.request(0, at, 65536) == content[at:at + 65536],
                      f"client {number} read something else at {at}")
    for number, disk in enumerate(disks):
        disk.request(1, number * 4096, 4096, blob(4096, f"w{number}"))
    box.saw("read back", disks[0].request(0, 0, 200 * 4096))
    for number, disk in enumerate(disks[:160]):
        disk.leave(number % 4)
    box.same("written", disks[170].request(0, 0, 200 * 4096),
             b"".join(blob(4096, f"w{number}") for number in range(200)))
