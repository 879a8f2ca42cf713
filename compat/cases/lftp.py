# SPDX-License-Identifier: MIT
import filecmp

from suite import backend

PACKAGES = ["lftp"]
PROGRAM = "lftp"
HARD = ("Eight transfers side by side and its own terminal in one poll array, "
        "whose entries it adds and takes away as tasks do.")


def start(box):
    for number in range(40):
        box.payload(f"files/f{number}", 40000 + number, f"l{number}")
    box.files = backend.files(box, box.path("files"))


def work(box):
    box.run("lftp", "-c", f"set net:timeout 10; set cmd:fail-exit yes; "
            f"mirror -P8 http://127.0.0.1:{box.files}/ got; "
            f"pget -n 5 http://127.0.0.1:{box.files}/f7 -o part")
    names = [f"f{number}" for number in range(40)]
    same, *other = filecmp.cmpfiles(box.path("files"), box.path("got"), names,
                                    shallow=False)
    box.check(len(same) == 40, f"differing or missing: {other}")
    box.same("in parts", (box.dir / "part").read_bytes(),
             (box.dir / "files/f7").read_bytes())
