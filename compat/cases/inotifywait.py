# SPDX-License-Identifier: MIT
PACKAGES = ["inotify-tools"]
PROGRAM = "inotifywait"
HARD = "It waits for an inotify descriptor, whose events come in bursts."


def start(box):
    box.directory("watched")
    box.start("inotifywait", "-m", "-q", "-e", "create,delete", "--format",
              "%e %f", box.path("watched"))


def work(box):
    # It says nothing when it begins, so it is asked until it answers.
    first = box.dir / "watched/first"
    def begun():
        first.unlink(missing_ok=True)
        first.touch()
        return "first" in box.log("inotifywait")
    box.until(begun, "the first event")
    for number in range(300):
        (box.dir / f"watched/f{number}").touch()
        (box.dir / f"watched/f{number}").unlink()
    wanted = [f"{what} f{number}" for number in range(300)
              for what in ("CREATE", "DELETE")]
    box.until(lambda: "DELETE f299" in box.log("inotifywait"), "the last one")
    got = [line for line in box.log("inotifywait").splitlines()
           if not line.endswith("first")]
    box.same("events", got, wanted)
