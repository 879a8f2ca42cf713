# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["openbsd-inetd", "inetutils-telnetd", "inetutils-telnet"]
PROGRAM = "telnet"
HARD = ("A super-server's child executes a server whose select() holds a "
        "socket and a terminal; the client's holds a terminal and a socket.")
ROOT = True
SUBSET = True


def start(box):
    shell = box.file("shell", "#!/bin/sh\necho welcome\nexec /bin/sh -i\n",
                     0o755)
    config = box.file("inetd.conf", f"127.0.0.1:{box.port()} stream tcp "
                      "nowait root /usr/sbin/telnetd telnetd -E "
                      f"{shell}\n")
    box.start("/usr/sbin/inetd", "-i", config, env={"EVENT_NOEPOLL": "1"},
              ready=box.port())


def work(box):
    screen = Terminal(box, "telnet", "127.0.0.1", box.port())
    screen.expect("welcome")
    screen.expect("# ")
    screen.line("echo $((6 * 7)) $(stty size)")
    screen.expect("42 24 80")
    screen.line("seq 1 20000 | md5sum; seq 1 500")
    screen.expect("\n500\n")
    screen.line("exit")
    screen.expect("closed by foreign host")
    box.saw("exit", screen.wait_for_exit())
