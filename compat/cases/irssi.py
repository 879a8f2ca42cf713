# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["irssi", "ngircd"]
PROGRAM = "irssi"
HARD = ("GLib's main loop, whose poll array comes from many sources; a child "
        "resolves names through a pipe.")
ROOT = True


def start(box):
    config = box.file("ngircd.conf", f"""
[Global]
Name = irc.example.test
Info = here
Listen = 127.0.0.1
Ports = {box.port()}
ServerUID = nobody
ServerGID = nogroup
MotdPhrase = good day
[Options]
DNS = no
Ident = no
PAM = no
""")
    box.start("/usr/sbin/ngircd", "-n", "-f", config, ready=box.port(),
              env=box.without_epoll("ngircd"))
    box.directory("irssi")
    box.people = [
        Terminal(box, "irssi", "--home", box.path(f"irssi/{name}"), "-c",
                 "127.0.0.1", "-p", box.port(), "-n", name)
        for name in ("anna", "bert")]


def work(box):
    anna, bert = box.people
    for one in box.people:
        one.expect("good day")
        one.line("/join #here")
        one.expect("Join to #here was synced|Topic|Irssi: #here")
    anna.expect("bert")
    for number in range(2):
        anna.line(f"question {number}")
        bert.expect(f"question {number}")
        bert.line(f"answer {number}")
        anna.expect(f"answer {number}")
    anna.line("/quit until then")
    bert.expect("until then")
    box.same("anna's exit", anna.wait_for_exit(), 0)
    bert.line("/quit")
    box.same("bert's exit", bert.wait_for_exit(), 0)
