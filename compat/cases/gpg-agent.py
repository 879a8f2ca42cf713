# SPDX-License-Identifier: MIT
import os

from suite.box import listens_at
from suite.crowd import crowd, expect

PACKAGES = ["gpg-agent"]
PROGRAM = "gpg-agent"
HARD = ("One thread waits by pselect(), whose mask lets signals in, for itself "
        "and for a thread per connection.")


def start(box):
    home = box.directory("home", 0o700)
    # A socket below /run/user would outlive the case.
    box.socket = os.path.join(home, "S.gpg-agent")
    box.start("gpg-agent", "--homedir", home, "--daemon", "--no-detach",
              "--disable-scdaemon", "--listen-backlog", "300", "sleep", "600",
              ready=lambda: listens_at(box.socket))


async def greet(connection):
    expect((await connection.until())[:9], b"OK Please")


async def talk(connection, number):
    await connection.send(b"OPTION putenv=X=%d\nGETINFO std_env_names\n"
                          % number)
    expect(await connection.until(), b"OK\n")
    return await connection.until(b"\nOK\n")


async def half(connection, number):
    await connection.send(b"NOP %d\nBYE\n" % number)
    connection.half_close()
    return expect((await connection.to_end())[:5], b"OK\nOK")


def work(box):
    crowd(box, box.socket, talk, greet=greet, half=half, word=b"OPTION pu")
