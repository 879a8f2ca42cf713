# SPDX-License-Identifier: MIT
import re
import socket

from suite.box import blob

CLASSICS = ["sigio_echo"]
PROGRAM = "sigio_echo"
HARD = ("Signals come in while select() sleeps for nothing but time, hundreds "
        "a second.")
UNTOUCHED = "its select() has no descriptors at all"
SUBSET = True


def start(box):
    box.start(box.classic("sigio_echo"), box.port(),
              ready=re.compile("ready"))


def work(box):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", box.port()))
        for number in range(100):
            sent = [blob(500, f"{number} {turn}") for turn in range(20)]
            for data in sent:
                client.send(data)
            got = [client.recv(2048) for _ in sent]
            box.check(sorted(got) == sorted(sent), f"round {number} differs")
    box.saw("rounds", 100)
