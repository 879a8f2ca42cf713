# SPDX-License-Identifier: MIT
from suite import backend
from suite.crowd import crowd, expect

PACKAGES = ["openbsd-inetd"]
PROGRAM = "inetd"
MODES = ["poll", "select"]
HARD = ("A fork per session, whose child calls closefrom() before it executes "
        "the service with the socket as its standard input.")
ROOT = True


def start(box):
    env = {"EVENT_NOEPOLL": "1"}
    if box.mode == "select":
        env["EVENT_NOPOLL"] = "1"
    config = box.file("inetd.conf", "".join(
        f"127.0.0.1:{box.port(name)} stream tcp nowait.5000 root {command}\n"
        for name, command in (("cat", "/bin/cat cat"),
                              ("shell", "/bin/sh sh"))))
    box.start("/usr/sbin/inetd", "-i", config, env=env,
              ready=box.port("shell"))


async def talk(connection, number):
    await connection.send(b"expr %d '*' 7; exit\n" % number)
    return expect(await connection.to_end(), b"%d\n" % (number * 7))


def work(box):
    backend.echo_crowd(box, box.port("cat"), size=8000)
    crowd(box, box.port("shell"), talk, clients=40, name="shells")
