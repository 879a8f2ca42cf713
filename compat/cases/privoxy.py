# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["privoxy"]
PROGRAM = "privoxy"
HARD = "A thread per connection enters __poll_chk with an array of its own."


def start(box):
    box.file("files/behind", blob(100000, "behind"))
    box.behind = backend.files(box, box.path("files"))
    config = box.file("config", f"""
listen-address 127.0.0.1:{box.port()}
confdir /etc/privoxy
logdir {box.path('.')}
logfile privoxy.messages
max-client-connections 400
socket-timeout 60
toggle 0
""")
    box.start("/usr/sbin/privoxy", "--no-daemon", config, ready=box.port())


def work(box):
    http.http_crowd(box, box.port(), f"http://127.0.0.1:{box.behind}/behind",
                    blob(100000, "behind"), keep=False)
