# SPDX-License-Identifier: MIT
from suite import backend

UNPACKED = "xinetd"
PACKAGES = ["libwrap0"]
PROGRAM = "xinetd"
HARD = ("It waits by poll() on its services and on a pipe that its signal "
        "handler writes to; a fork per session closes all it knows of.")
ROOT = True

SERVICE = """
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    wait = no
    bind = 127.0.0.1
    user = root
    instances = UNLIMITED
    per_source = UNLIMITED
    cps = 10000 1
"""


def start(box):
    config = box.file("xinetd.conf", f"""
defaults
{{
    log_type = FILE {box.path('services.log')}
}}
service one
{{
    {SERVICE}
    port = {box.port('cat')}
    server = /bin/cat
}}
service other
{{
    {SERVICE}
    port = {box.port('echo')}
    server = /bin/echo
    server_args = hello there
}}
""")
    box.start(box.unpacked("xinetd/usr/sbin/xinetd"), "-dontfork", "-f",
              config, "-pidfile", box.path("pid"), ready=box.port("echo"))


def work(box):
    backend.echo_crowd(box, box.port("cat"), size=8000)
