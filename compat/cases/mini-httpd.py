# SPDX-License-Identifier: MIT
from suite import http
from suite.box import blob

PACKAGES = ["mini-httpd"]
PROGRAM = "mini_httpd"
HARD = ("A child per connection, forked after the first wait, and a CGI from "
        "there whose output it waits for.")


def start(box):
    box.payload("root/big", 150000)
    box.file("root/env.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n"
             "\\r\\n'\necho \"$REQUEST_METHOD $QUERY_STRING\"\n", 0o755)
    box.start("/usr/sbin/mini_httpd", "-D", "-h", "127.0.0.1", "-p",
              box.port(), "-d", box.path("root"), "-c", "*.cgi", "-u", "root",
              "-l", box.path("messages"), "-i", box.path("pid"),
              ready=box.port())


def work(box):
    box.same("cgi", http.get(box.port(), "/env.cgi?a")[1], b"GET a\n")
    box.same("missing", http.get(box.port(), "/nothing")[0], 404)
    http.http_crowd(box, box.port(), "/big", blob(150000), keep=False)
