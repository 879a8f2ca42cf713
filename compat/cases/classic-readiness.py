# SPDX-License-Identifier: MIT
CLASSICS = ["readiness"]
PROGRAM = "readiness"
HARD = ("Low-water marks, pending errors, half closes and refused connects, "
        "each asked for by select() and by poll(), bit by bit.")
SUBSET = True


def work(box):
    lines = box.run(box.classic("readiness")).decode().splitlines()
    box.check(len(lines) == 19, f"{len(lines)} lines instead of 19")
    for line in lines:
        rule, _, answer = line.partition(": ")
        box.saw(rule, answer)
    for rule, wanted in (("99 bytes below SO_RCVLOWAT", "writable"),
                         ("the hundredth byte", "readable writable"),
                         ("a pending connection", "readable")):
        found = [line for line in lines if line.startswith(rule + ":")]
        box.check(len(found) == 1 and
                  f" {wanted}," in found[0], f"{rule}: {found}")
