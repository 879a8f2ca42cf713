# SPDX-License-Identifier: MIT
import re

from suite.terminal import Terminal

PACKAGES = ["mosh"]
PROGRAM = "mosh-server"
HARD = ("It daemonises, then waits by select() on a datagram socket and a "
        "terminal with timeouts of a few milliseconds.")
SUBSET = True


def start(box):
    out = box.run("mosh-server", "new", "-i", "127.0.0.1", "-p", box.port(),
                  "--", "/bin/sh", stderr=True).decode()
    found = re.search(r"MOSH CONNECT (\d+) (\S+)", out)
    box.check(found, f"no key: {out!r}")
    box.found = found


def work(box):
    port, key = box.found.groups()
    screen = Terminal(box, "mosh-client", "127.0.0.1", port,
                      env={"MOSH_KEY": key})
    screen.expect("# ")
    screen.line("echo $((6 * 7)) here")
    screen.expect("42 here")
    screen.line("seq 1 3000 | md5sum")
    found = screen.expect("[0-9a-f]{32}")
    box.saw("sum", found[0].decode())
    screen.line("exit")
    box.same("exit", screen.wait_for_exit(), 0)
