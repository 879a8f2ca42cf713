# SPDX-License-Identifier: MIT
from suite import http
from suite.box import blob

PACKAGES = ["lighttpd"]
PROGRAM = "lighttpd"
MODES = ["poll", "select", "epoll"]
HARD = ("A CGI is forked from a server that waits on hundreds of connections; "
        "its answer comes back through a pipe in the same set.")
UNTOUCHED = {"epoll": "it waits by epoll of its own"}
SUBSET = True

CGI = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "$REQUEST_METHOD $QUERY_STRING"
cat
"""


def start(box):
    handler = {"epoll": "linux-sysepoll"}.get(box.mode, box.mode)
    box.directory("root")
    box.payload("root/big", 300000)
    box.file("root/env.cgi", CGI, 0o755)
    config = box.file("lighttpd.conf", f"""
server.modules = ("mod_cgi")
server.document-root = "{box.path('root')}"
server.bind = "127.0.0.1"
server.port = {box.port()}
server.event-handler = "{handler}"
server.max-fds = 2000
server.max-connections = 900
cgi.assign = (".cgi" => "/bin/sh")
""")
    box.start("lighttpd", "-D", "-f", config, ready=box.port())


def work(box):
    status, body = http.get(box.port(), "/env.cgi?a=b", data=b"posted" * 5000)
    box.check(status == 200, f"the CGI gave status {status}")
    box.same("cgi", body, b"POST a=b\n" + b"posted" * 5000)
    box.same("missing", http.get(box.port(), "/nothing")[0], 404)
    http.http_crowd(box, box.port(), "/big", blob(300000), half=True,
                    clients=300)
    http.http_crowd(box, box.port(), "/env.cgi?x", b"GET x\n", keep=False,
                    clients=20, name="cgi crowd")
