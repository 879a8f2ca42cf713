# SPDX-License-Identifier: MIT
import filecmp

from suite import backend

PACKAGES = ["wget"]
PROGRAM = "wget"
HARD = "One descriptor at a time, with a deadline, thousands of times."


def start(box):
    links = []
    for number in range(60):
        box.payload(f"files/d/{number}", 30000 + number, f"w{number}")
        links.append(f'<a href="d/{number}">{number}</a>')
    box.file("files/index.html", "<html>" + "\n".join(links) + "</html>\n")
    box.files = backend.files(box, box.path("files"))


def work(box):
    box.run("wget", "-q", "-r", "-nH", "-e", "robots=off", "-T", "10", "-P",
            box.path("got"), f"http://127.0.0.1:{box.files}/")
    names = [f"d/{number}" for number in range(60)] + ["index.html"]
    same, *other = filecmp.cmpfiles(box.path("files"), box.path("got"), names,
                                    shallow=False)
    box.check(len(same) == 61, f"differing or missing: {other}")
    box.saw("fetched", len(same))
    box.run("wget", "-q", "-t", "1", f"http://127.0.0.1:{box.files}/none",
            status=8)
