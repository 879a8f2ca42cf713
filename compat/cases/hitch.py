# SPDX-License-Identifier: MIT
from suite import backend, tls

PACKAGES = ["hitch", "openssl"]
PROGRAM = "hitch"
MODES = ["poll", "select"]
HARD = ("TLS in two forked workers, on libev's poll or select, which change "
        "an interest for every record.")
ROOT = True


def start(box):
    echo = backend.echo(box)
    flags = {"poll": "2", "select": "1"}[box.mode]
    box.start("/usr/sbin/hitch", f"--frontend=[127.0.0.1]:{box.port()}",
              f"--backend=[127.0.0.1]:{echo}", "--workers=2", "--quiet",
              "--user=nobody", "--group=nogroup", tls.certificate(box),
              env={"LIBEV_FLAGS": flags}, ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), tls=True)
