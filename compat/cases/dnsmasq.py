# SPDX-License-Identifier: MIT
import socket
import struct

from suite.crowd import crowd, expect

PACKAGES = ["dnsmasq-base"]
PROGRAM = "dnsmasq"
HARD = ("It builds its poll array anew for each call, with sockets that come "
        "and go per question, and forks a child per TCP session.")


def question(number, name):
    labels = b"".join(bytes([len(part)]) + part.encode()
                      for part in name.split("."))
    return (struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels +
            b"\0\0\1\0\1")


def start(box):
    hosts = box.file("hosts", "".join(
        f"10.1.{n // 250}.{n % 250 + 1} host{n}.test\n" for n in range(500)))
    box.start("/usr/sbin/dnsmasq", "-k", "-u", "root", "-p", box.port(),
              "-a", "127.0.0.1", "--bind-interfaces", "-C", "/dev/null",
              "-h", "-H", hosts, "-R", "-x", box.path("pid"), "--local=/test/",
              f"--server=/ask.test/127.0.0.1#{box.port('behind')}",
              ready=box.port())


async def talk(connection, number):
    asked = question(number, f"host{number}.test")
    await connection.send(struct.pack("!H", len(asked)) + asked)
    size = struct.unpack("!H", await connection.exactly(2))[0]
    answer = await connection.exactly(size)
    address = socket.inet_aton(f"10.1.{number // 250}.{number % 250 + 1}")
    return expect(answer[-4:], address)


def work(box):
    answers = b""
    with socket.socket(type=socket.SOCK_DGRAM) as client, \
            socket.socket(type=socket.SOCK_DGRAM) as behind:
        behind.bind(("127.0.0.1", box.port("behind")))
        behind.settimeout(10)
        client.connect(("127.0.0.1", box.port()))
        client.settimeout(10)
        for number in range(500):
            client.send(question(number, f"host{number}.test"))
            answers += client.recv(4096)
        # Fifty questions at once wait for the server behind, which answers
        # backwards.
        for number in range(50):
            client.send(question(number, f"n{number}.ask.test"))
        held = [behind.recvfrom(4096) for _ in range(50)]
        for asked, address in reversed(held):
            head = asked[:2] + b"\x85\x80\0\1\0\1" + asked[8:]
            behind.sendto(head + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\2",
                          address)
        got = sorted(client.recv(4096)[:2] for _ in range(50))
        box.same("asked behind", len(set(got)), 50)
    box.saw("answers", answers)
    crowd(box, box.port(), talk, clients=16, word=b"\0", name="tcp")
