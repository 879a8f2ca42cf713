# SPDX-License-Identifier: MIT
from suite.box import blob
from suite.crowd import crowd, expect

PACKAGES = ["redis-server", "redis-tools"]
PROGRAM = "redis-server"
HARD = "It waits by epoll of its own, which must stay as it is."
UNTOUCHED = "it waits by epoll of its own"


def start(box):
    box.start("redis-server", "--port", box.port(), "--bind", "127.0.0.1",
              "--save", "", "--dir", box.dir, ready=box.port())


async def talk(connection, number):
    value = blob(9000 + number, f"redis {number}")
    await connection.send(b"*3\r\n$3\r\nSET\r\n$9\r\nk%08d\r\n$%d\r\n%s\r\n"
                          % (number, len(value), value))
    expect(await connection.until(), b"+OK\r\n")
    await connection.send(b"GET k%08d\r\n" % number)
    expect(await connection.until(), b"$%d\r\n" % len(value))
    return expect(await connection.exactly(len(value) + 2), value + b"\r\n")


async def half(connection, number):
    """Closes its half behind ten questions at once."""
    await connection.send(b"ECHO %d\r\n" % number * 10)
    connection.half_close()
    answer = b"$%d\r\n%d\r\n" % (len(str(number)), number)
    return expect(await connection.to_end(), answer * 10)


def work(box):
    crowd(box, box.port(), talk, half=half,
          word=b"*3\r\n$3\r\nSE")
    box.same("client", box.run("redis-cli", "-p", box.port(), "dbsize"),
             b"200\n")
