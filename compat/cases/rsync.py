# SPDX-License-Identifier: MIT
import filecmp

from suite.crowd import crowd, expect

PACKAGES = ["rsync"]
PROGRAM = "rsync"
HARD = ("Daemon and client both fork after the first wait; select() with an "
        "except set, on sockets and pipes in both directions.")
SUBSET = True


def start(box):
    for number in range(60):
        box.payload(f"tree/d{number % 7}/f{number}", 3000 * number,
                    f"r{number}")
    box.directory("up")
    config = box.file("rsyncd.conf", f"""
port = {box.port()}
address = 127.0.0.1
use chroot = false
uid = root
gid = root
max connections = 300
listen backlog = 300
reverse lookup = no
lock file = {box.path('lock')}
[tree]
    path = {box.path('tree')}
[up]
    path = {box.path('up')}
    read only = false
""")
    box.start("rsync", "--daemon", "--no-detach", "--config", config,
              ready=box.port())


def same_trees(box, one, other):
    compared = filecmp.dircmp(one, other)
    names = [compared.left_only, compared.right_only, compared.diff_files]
    box.check(not any(names), f"{one} and {other} differ: {names}")
    for name in compared.common_dirs:
        same_trees(box, f"{one}/{name}", f"{other}/{name}")


async def greet(connection):
    expect((await connection.until())[:9], b"@RSYNCD: ")


async def talk(connection, _number):
    """Asks for the list of modules."""
    await connection.send(b"@RSYNCD: 30.0\n#list\n")
    return expect(await connection.to_end(), b"%-15s\t\n%-15s\t\n"
                  b"@RSYNCD: EXIT\n" % (b"tree", b"up"))


async def half(connection, number):
    await connection.send(b"@RSYNCD: 30.0\nnothing%d\n" % number)
    connection.half_close()
    return expect(await connection.to_end(),
                  b"@ERROR: Unknown module 'nothing%d'\n" % number)


def work(box):
    base = f"rsync://127.0.0.1:{box.port()}"
    box.run("rsync", "-a", f"{base}/tree/", box.path("down"))
    same_trees(box, box.path("tree"), box.path("down"))
    # The second time only differences travel.
    for number in range(0, 60, 5):
        box.payload(f"down/d{number % 7}/f{number}", 2500 * number, "changed")
    box.run("rsync", "-a", "--delete", "-I", f"{box.path('down')}/",
            f"{base}/up/")
    same_trees(box, box.path("down"), box.path("up"))
    out = box.run("rsync", f"{base}/tree/")
    box.same("listed", len(out.splitlines()), 8)
    crowd(box, box.port(), talk, greet=greet, half=half, word=b"@RSYNC")
