# SPDX-License-Identifier: MIT
from suite import http
from suite.box import blob

PACKAGES = ["webfs"]
PROGRAM = "webfsd"
HARD = "select() on read and write sets built anew from its list each time."


def start(box):
    box.payload("root/big", 250000)
    box.start("webfsd", "-F", "-i", "127.0.0.1", "-p", box.port(), "-r",
              box.path("root"), "-c", "400", "-t", "60", ready=box.port())


def work(box):
    http.http_crowd(box, box.port(), "/big", blob(250000), clients=300)
    box.same("missing", http.get(box.port(), "/nothing")[0], 404)
