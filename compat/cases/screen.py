# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["screen"]
PROGRAM = "screen"
HARD = ("It finds its open descriptors by poll() over 1,024 numbers and closes "
        "whatever is not POLLNVAL; shells on terminals in one select set.")
SUBSET = True


def start(box):
    box.env = {"SCREENDIR": box.directory("sockets", 0o700)}
    config = box.file("screenrc", "startup_message off\nshell /bin/sh\n"
                      "deflogin off\n")
    box.words = ("screen", "-c", config, "-S", "here")
    box.screen = Terminal(box, *box.words, env=box.env)
    box.screen.expect("# ")


def work(box):
    screen = box.screen
    screen.line("echo $((6 * 7)) in $STY | sed 's/[0-9]*[.]here/name/'")
    screen.expect("\n42 in name")
    screen.expect("# ")
    screen.type("\x01c")  # A second window, and back to the first one.
    screen.expect("# ")
    screen.line("echo two$((1 + 1))")
    screen.expect("two2")
    screen.expect("# ")
    screen.line("seq 1 20000 | md5sum")
    screen.expect("[0-9a-f]{32}")
    screen.expect("# ")
    screen.type("\x010")
    screen.expect("42 in name")
    screen.type("\x01d")
    screen.expect("detached")
    box.same("detached", screen.wait_for_exit(), 0)
    hardcopy = box.path("hardcopy")
    box.run(*box.words, "-p", "1", "-X", "hardcopy", hardcopy, env=box.env)
    lines = box.until(lambda: read(hardcopy), "the hardcopy")
    box.saw("second window", "\n".join(lines))
    again = Terminal(box, *box.words, "-r", env=box.env)
    again.expect("42 in name")
    again.line("exit")
    again.expect("two2")  # The other window comes forward.
    again.line("exit")
    again.expect("screen is terminating")
    box.same("ended", again.wait_for_exit(), 0)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [line.rstrip() for line in file if line.strip()]
    except FileNotFoundError:
        return []
