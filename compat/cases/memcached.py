# SPDX-License-Identifier: MIT
from suite.box import blob
from suite.crowd import crowd, expect

PACKAGES = ["memcached"]
PROGRAM = "memcached"
MODES = ["poll", "select", "epoll"]
HARD = ("Four worker threads each wait on a set of their own, and connections "
        "are handed to them by number from the accepting thread.")
UNTOUCHED = {"epoll": "it waits by epoll of its own"}
SUBSET = True


def start(box):
    env = {} if box.mode == "epoll" else {"EVENT_NOEPOLL": "1"}
    if box.mode == "select":
        env["EVENT_NOPOLL"] = "1"
    box.start("memcached", "-l", "127.0.0.1", "-p", box.port(), "-U", "0",
              "-u", "root", "-t", "4", "-c", "900", ready=box.port(), env=env)


async def store_and_fetch(connection, number):
    got = b""
    for turn in range(3):
        value = blob(3000 + 10 * number + turn, f"value {number} {turn}")
        key = f"key{number}-{turn}-{id(connection)}".encode()
        await connection.send(b"set %s 0 0 %d\r\n%s\r\n"
                              % (key, len(value), value))
        expect(await connection.until(), b"STORED\r\n")
        await connection.send(b"get %s\r\n" % key)
        expect(await connection.until(),
               b"VALUE %s 0 %d\r\n" % (key, len(value)))
        got += expect(await connection.exactly(len(value) + 7),
                      value + b"\r\nEND\r\n")
    return got


async def half(connection, number):
    """Closes its half behind a hundred questions at once."""
    await connection.send(b"get nothing%d\r\n" % number * 100)
    connection.half_close()
    return expect(await connection.to_end(), b"END\r\n" * 100)


def work(box):
    crowd(box, box.port(), store_and_fetch, clients=400, half=half,
          word=b"set half 0 0 1000\r\nhalf a va")
