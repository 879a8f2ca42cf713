# SPDX-License-Identifier: MIT
from suite import backend
from suite.terminal import Terminal

PACKAGES = ["emacs-nox"]
PROGRAM = "emacs"
HARD = ("pselect() on its terminal, on network streams and on sub-processes "
        "that it starts by vfork().")

SCRIPT = """
(let* ((port (string-to-number (getenv "ECHO_PORT")))
       (got 0)
       (streams (mapcar
                 (lambda (n)
                   (make-network-process
                    :name (format "s%d" n) :host "127.0.0.1" :service port
                    :coding 'binary
                    :filter (lambda (_ text)
                              (setq got (+ got (length text))))))
                 (number-sequence 1 40))))
  (dolist (stream streams)
    (process-send-string stream (make-string 5000 ?x)))
  (while (< got 200000) (accept-process-output nil 1))
  (mapc #'delete-process streams)
  (princ (format "%d %s" got
                 (shell-command-to-string "seq 1 1000 | wc -l"))))
"""


def start(box):
    box.echo = backend.echo(box)


def work(box):
    script = box.file("script.el", SCRIPT)
    out = box.run("emacs", "-Q", "--batch", "-l", script,
                  env={"ECHO_PORT": str(box.echo)})
    box.same("streams", out.decode().split(), ["200000", "1000"])
    screen = Terminal(box, "emacs", "-Q", "-nw", box.path("file"))
    screen.expect("file")
    screen.type("some words\x18\x13")
    screen.expect("Wrote")
    screen.type("\x18\x03")
    box.same("exit", screen.wait_for_exit(), 0)
    box.same("written", (box.dir / "file").read_bytes(), b"some words")
