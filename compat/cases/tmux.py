# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["tmux"]
PROGRAM = "tmux"
MODES = ["poll", "select"]
HARD = ("Terminals and /dev/null in the set; the server is a daemon forked from "
        "the first client, which hands it its terminal through a socket.")
SUBSET = True


def tmux(box, *words):
    return box.run("tmux", "-S", box.path("socket"), *words, env=box.env)


def start(box):
    box.env = {"EVENT_NOPOLL": "1"} if box.mode == "select" else {}
    config = box.file("conf", "set -g status off\n"
                      "set -g default-command /bin/sh\n")
    box.tmux = Terminal(box, "tmux", "-S", box.path("socket"), "-f", config,
                        "new", "-s", "here", env=box.env)
    box.tmux.expect("# ")


def work(box):
    box.tmux.line("echo $((6 * 7)) of $(tty | cut -c 1-8)")
    box.tmux.expect("\n?42 of /dev/pts")
    tmux(box, "split-window", "-t", "here")
    box.until(lambda: pane(box, "1").startswith(b"#"), "a prompt below")
    box.tmux.type("seq 1 30000 | md5sum; echo lower\r")
    box.until(lambda: b"\nlower\n#" in pane(box, "1"), "the lower pane")
    box.saw("lower", pane(box, "1"))
    box.until(lambda: pane(box, "0").rstrip().endswith(b"#"), "a prompt")
    box.saw("upper", pane(box, "0"))
    tmux(box, "send-keys", "-t", "here.0", "seq 1 9 | paste -sd+ | bc || "
         "echo 45", "Enter")
    box.until(lambda: b"\n45" in pane(box, "0"), "the sum")
    box.tmux.resize(30, 100)
    box.until(lambda: tmux(box, "display", "-p", "#{client_width}") ==
              b"100\n", "the new width")
    box.tmux.type("\x02d")
    box.tmux.expect("detached")
    box.same("detached", box.tmux.wait_for_exit(), 0)
    again = Terminal(box, "tmux", "-S", box.path("socket"), "attach",
                     env=box.env)
    again.expect("lower")
    tmux(box, "send-keys", "-t", "here.1", "exit", "Enter")
    tmux(box, "send-keys", "-t", "here.0", "exit", "Enter")
    again.expect("exited")
    box.same("ended", again.wait_for_exit(), 0)


def pane(box, number):
    return tmux(box, "capture-pane", "-p", "-t", f"here.{number}")
