# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["links"]
PROGRAM = "links"
HARD = "A select() loop of its own, with handlers that come and go by number."


def start(box):
    body = "".join(f"<p>paragraph {n}</p>\n" for n in range(2000))
    box.file("files/index.html", f"<h1>Title</h1>{body}\n")
    box.payload("files/big", 3 << 20)
    box.files = backend.files(box, box.path("files"))


def work(box):
    url = f"http://127.0.0.1:{box.files}"
    box.saw("dump", box.run("links", "-dump", f"{url}/index.html"))
    box.same("source", box.run("links", "-source", f"{url}/big"),
             (box.dir / "files/big").read_bytes())
