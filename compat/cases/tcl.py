# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["tcl8.6"]
PROGRAM = "tclsh8.6"
HARD = ("A thread of the interpreter's own waits by select() for all others, "
        "and is woken through a pipe whenever the set changes.")

SERVER = """
proc accepted {channel host port} {
    fconfigure $channel -translation binary -blocking 0 -buffering none
    fileevent $channel readable [list serve $channel]
}
proc serve {channel} {
    set gone [catch {puts -nonewline $channel [read $channel]}]
    if {$gone || [eof $channel]} {
        catch {close $channel}
    }
}
socket -server accepted -myaddr 127.0.0.1 [lindex $argv 0]
vwait forever
"""


def start(box):
    script = box.file("server.tcl", SERVER)
    box.start("tclsh8.6", script, box.port(), ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), clients=300, size=8000)
