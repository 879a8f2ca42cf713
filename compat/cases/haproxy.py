# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["haproxy"]
PROGRAM = "haproxy"
MODES = ["poll", "select", "epoll"]
HARD = ("It keeps its poll array itself, with holes, and fills select's sets "
        "anew for each call; two threads wait at once.")
UNTOUCHED = {"epoll": "it waits by epoll of its own"}


def start(box):
    box.file("files/behind", blob(90000, "behind"))
    files = backend.files(box, box.path("files"))
    echo = backend.echo(box)
    avoid = {"poll": "noepoll", "select": "noepoll\n nopoll", "epoll": ""}
    config = box.file("haproxy.cfg", f"""
global
 maxconn 450
 nbthread 2
 {avoid[box.mode]}
defaults
 timeout client 60s
 timeout server 60s
 timeout connect 20s
frontend web
 mode http
 bind 127.0.0.1:{box.port()}
 default_backend files
backend files
 mode http
 # Idle connections that it keeps would be counted as descriptors held.
 server one 127.0.0.1:{files} pool-max-conn 0
frontend raw
 mode tcp
 bind 127.0.0.1:{box.port('raw')}
 default_backend echo
backend echo
 mode tcp
 server one 127.0.0.1:{echo}
""")
    box.start("/usr/sbin/haproxy", "-db", "-f", config, ready=box.port("raw"))


def work(box):
    http.http_crowd(box, box.port(), "/behind", blob(90000, "behind"))
    backend.echo_crowd(box, box.port("raw"), name="tcp crowd")
