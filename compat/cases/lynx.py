# SPDX-License-Identifier: MIT
from suite import backend
from suite.terminal import Terminal

PACKAGES = ["lynx"]
PROGRAM = "lynx"
HARD = "It selects on the socket with one eye on the keyboard."


def start(box):
    body = "".join(f"<p>paragraph {n}</p>\n" for n in range(200))
    box.file("files/index.html", f"<h1>Title</h1>{body}"
             "<a href='other.html'>elsewhere</a>\n")
    box.file("files/other.html", "<h1>Second</h1>\n")
    box.files = backend.files(box, box.path("files"))


def work(box):
    url = f"http://127.0.0.1:{box.files}"
    box.saw("dump", box.run("lynx", "-dump", "-nolist", f"{url}/"))
    box.saw("source", box.run("lynx", "-source", f"{url}/other.html"))
    screen = Terminal(box, "lynx", "-nopause", f"{url}/")
    # While it loads, it swallows keys.
    screen.expect("for next page")
    screen.type("\x05")  # The document's end.
    screen.expect("elsewhere")
    screen.type("\x1b[B\r")
    screen.expect("Second")
    screen.type("Q")
    box.same("exit", screen.wait_for_exit(), 0)
