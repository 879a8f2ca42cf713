# SPDX-License-Identifier: MIT
import socket
import struct

PACKAGES = ["chrony"]
PROGRAM = "chronyd"
HARD = ("A server in a sandbox that kills it for a system call it does not "
        "know; its handlers' sets live from call to call, its timers too.")
UNTOUCHED = "it waits in a sandbox, which knows no epoll"
ROOT = True


def start(box):
    config = box.file("chrony.conf", f"""
local stratum 5
allow 127.0.0.1
bindaddress 127.0.0.1
port {box.port()}
cmdport 0
bindcmdaddress {box.path('run/socket')}
pidfile {box.path('run/pid')}
user root
""")
    box.directory("run", 0o750)
    box.start("/usr/sbin/chronyd", "-x", "-d", "-F", "1", "-f", config,
              ready=box.path("run/socket"))


def work(box):
    answers = 0
    for turn in range(10):
        clients = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(20)]
        for number, client in enumerate(clients):
            client.settimeout(10)
            client.connect(("127.0.0.1", box.port()))
            stamp = struct.pack("!II", turn + 1, number)
            client.send(b"\x23" + bytes(39) + stamp)
        for number, client in enumerate(clients):
            answer = client.recv(100)
            wanted = struct.pack("!II", turn + 1, number)
            box.check(answer[24:32] == wanted and answer[1] == 5,
                      f"client {number} got {answer.hex()}")
            answers += 1
            client.close()
    box.saw("answers", answers)
    out = box.run("chronyc", "-h", box.path("run/socket"), "-c", "tracking")
    box.saw("tracking", out.decode().split(",")[:3])
