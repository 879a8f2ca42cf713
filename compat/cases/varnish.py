# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["varnish", "gcc"]
PROGRAM = "varnishd"
HARD = ("It compiles its configuration with gcc while it runs, forks its "
        "worker, closes by close_range(), and waits on idle sessions in a "
        "thread that others hand them to.")
ROOT = True


def start(box):
    box.file("files/behind", blob(100000, "behind"))
    behind = backend.files(box, box.path("files"))
    box.start("/usr/sbin/varnishd", "-F", "-W", "poll", "-n",
              box.directory("work"), "-a", f"127.0.0.1:{box.port()}",
              "-b", f"127.0.0.1:{behind}", "-T",
              f"127.0.0.1:{box.port('admin')}", "-s", "malloc,10m",
              "-j", "none", "-p", "timeout_idle=60", "-p",
              "vcc_allow_inline_c=off", ready=box.port(), seconds=30)


def work(box):
    box.until(lambda: http.get(box.port(), "/behind")[0] == 200, "an answer")
    http.http_crowd(box, box.port(), "/behind", blob(100000, "behind"))
    vcl = box.file("second.vcl", 'vcl 4.1; backend default none; sub vcl_recv '
                   '{ return (synth(299, "by another")); }')
    for words in (["vcl.load", "second", vcl], ["vcl.use", "second"]):
        box.run("varnishadm", "-n", box.path("work"), *words)
    box.same("reloaded", http.get(box.port(), "/behind")[0], 299)
