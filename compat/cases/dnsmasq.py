# SPDX-License-Identifier: MIT
import socket

from suite import dns

PACKAGES = ["dnsmasq-base"]
PROGRAM = "dnsmasq"
HARD = ("It builds its poll array anew for each call, with sockets that come "
        "and go per question, and forks a child per TCP session.")


def start(box):
    hosts = box.file("hosts", "".join(
        f"{dns.address(n)} h{n}.test\n" for n in range(500)))
    box.start("/usr/sbin/dnsmasq", "-k", "-u", "root", "-p", box.port(),
              "-a", "127.0.0.1", "--bind-interfaces", "-C", "/dev/null",
              "-h", "-H", hosts, "-R", "-x", box.path("pid"), "--local=/test/",
              f"--server=/ask.test/127.0.0.1#{box.port('behind')}",
              ready=box.port())


def work(box):
    answers = b""
    with socket.socket(type=socket.SOCK_DGRAM) as client, \
            socket.socket(type=socket.SOCK_DGRAM) as behind:
        behind.bind(("127.0.0.1", box.port("behind")))
        behind.settimeout(10)
        client.connect(("127.0.0.1", box.port()))
        client.settimeout(10)
        for number in range(500):
            client.send(dns.question(number, f"h{number}.test"))
            answers += client.recv(4096)
        # Fifty questions at once wait for the server behind, which answers
        # backwards.
        for number in range(50):
            client.send(dns.question(number, f"n{number}.ask.test"))
        held = [behind.recvfrom(4096) for _ in range(50)]
        for asked, address in reversed(held):
            head = asked[:2] + b"\x85\x80\0\1\0\1" + asked[8:]
            behind.sendto(head + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\2",
                          address)
        got = sorted(client.recv(4096)[:2] for _ in range(50))
        box.same("asked behind", len(set(got)), 50)
    box.saw("answers", answers)
    # It has twenty children at most, and lets all others wait.
    dns.tcp_crowd(box, box.port(), clients=12, active=4)
