# SPDX-License-Identifier: MIT
import itertools

from suite.crowd import crowd, expect

PACKAGES = ["ngircd"]
PROGRAM = "ngircd"
HARD = ("It selects only where the kernel has no epoll, and each word of one "
        "client is written to hundreds of others.")
ROOT = True


def start(box):
    config = box.file("ngircd.conf", f"""
[Global]
Name = irc.example.test
AdminInfo1 = nobody
Info = here
Listen = 127.0.0.1
Ports = {box.port()}
ServerUID = nobody
ServerGID = nogroup
MotdPhrase = hello
[Limits]
MaxConnections = 500
MaxConnectionsIP = 0
MaxJoins = 10
[Options]
DNS = no
Ident = no
PAM = no
""")
    box.start("/usr/sbin/ngircd", "-n", "-f", config, ready=box.port(),
              env=box.without_epoll("ngircd"))


numbers = itertools.count()


async def register(connection):
    nick = f"n{next(numbers)}"
    await connection.send(f"NICK {nick}\r\nUSER u 0 * :u\r\n".encode())
    while b" 376 " not in await connection.until():
        pass  # Until the end of the message of the day.


async def talk(connection, number):
    words = b"".join(b"PING :%d-%d\r\n" % (number, n) for n in range(3))
    await connection.send(words)
    got = b""
    for n in range(3):
        line = await connection.until()
        got += expect(line.split(b":")[-1], b"%d-%d\r\n" % (number, n))
    return got


async def half(connection, number):
    await connection.send(b"PING :%d\r\nQUIT :enough\r\n" % number)
    connection.half_close()
    lines = (await connection.to_end()).splitlines()
    expect(lines[0].split(b":")[-1], b"%d" % number)
    return expect(lines[-1][:5], b"ERROR")


def work(box):
    crowd(box, box.port(), talk, greet=register, half=half,
          word=b"NICK ha")
