# SPDX-License-Identifier: MIT
import re
import socket

PACKAGES = ["tcpdump"]
PROGRAM = "tcpdump"
HARD = "poll() on a packet socket, whose data lie in memory shared with the kernel."
ROOT = True


def start(box):
    box.start("tcpdump", "-i", "lo", "-n", "-l", "-A", "-s", "200",
              "--immediate-mode", "-Z", "root", "-c", "400", f"udp and port {box.port('there')}",
              ready=re.compile("listening on"))


def work(box):
    with socket.socket(type=socket.SOCK_DGRAM) as client, \
            socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", box.port("there")))
        client.connect(("127.0.0.1", box.port("there")))
        for number in range(400):
            client.send(b"<datagram %d>" % number)
            server.recv(100)
    box.until(lambda: box.started[0].poll() is not None, "its end")
    box.same("status", box.started[0].returncode, 0)
    seen = re.findall(r"<datagram (\d+)>", box.log("tcpdump"))
    box.same("seen", [int(number) for number in seen], list(range(400)))
