# SPDX-License-Identifier: MIT
import socket
import time

from suite.box import blob

PACKAGES = ["mosquitto-clients", "mosquitto"]
PROGRAM = "mosquitto_sub"
HARD = ("pselect() on a socket and a pipe of its own threads; the broker beside "
        "it waits by epoll of its own.")


def start(box):
    config = box.file("mosquitto.conf", f"""
listener {box.port()} 127.0.0.1
allow_anonymous true
max_queued_messages 10000
""")
    box.start("/usr/sbin/mosquitto", "-c", config, ready=box.port())


def work(box):
    words = ("-h", "127.0.0.1", "-p", box.port(), "-q", "2")
    lines = b"".join(b"line %d %s\n" % (n, blob(40, str(n)).hex().encode())
                     for n in range(500))
    box.start("mosquitto_sub", *words, "-t", "news/#", "-C", "501")
    probe = time.monotonic() + 15
    while not box.log("mosquitto_sub") and time.monotonic() < probe:
        box.run("mosquitto_pub", *words, "-t", "news/first", "-m", "first",
                "-r")
        time.sleep(0.2)
    box.run("mosquitto_pub", *words, "-t", "news/more", "-l", input=lines)
    box.until(lambda: b"line 499" in box.log("mosquitto_sub").encode(),
              "the last line")
    got = [line for line in box.log("mosquitto_sub").splitlines(True)
           if line.startswith("line")]
    box.same("lines", "".join(got).encode(), lines)
    with socket.create_connection(("127.0.0.1", box.port())) as rude:
        rude.sendall(b"\x10\x7f half a packet")
