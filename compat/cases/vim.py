# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["vim-tiny"]
PROGRAM = "vim.tiny"
HARD = "It asks by select() whether a key is the beginning of an escape."


def start(box):
    box.edited = box.file("edited", "one\ntwo\n")
    box.screen = Terminal(box, "vim.tiny", "-u", "NONE", "-n", box.edited)
    box.screen.expect("two")


def work(box):
    box.screen.type("Gothree\x1b")
    box.screen.type(":%s/two/2/\r")
    box.screen.expect("2")
    box.screen.type(":r !seq 1 5 | paste -sd+\r")
    box.screen.expect(r"1\+2\+3\+4\+5")
    box.screen.type("gg\x1b[Bi\x1b[Cx\x1b:wq\r")
    box.same("exit", box.screen.wait_for_exit(), 0)
    with open(box.edited, "rb") as file:
        box.saw("edited", file.read().decode())
