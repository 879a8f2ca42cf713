# SPDX-License-Identifier: MIT
PACKAGES = ["expect"]
PROGRAM = "expect"
HARD = "Programs on terminals of their own, whose ends and hang-ups it reads."

SCRIPT = r"""
set timeout 10
log_user 0
for {set i 0} {$i < 10} {incr i} {
    spawn sh -c {stty -echo; while read word; do echo "<$word>"; done}
    lappend shells $spawn_id
}
foreach turn {one two three} {
    foreach id $shells { send -i $id "$turn\r" }
    foreach id $shells {
        expect -i $id -re "<(\[a-z]+)>" { puts "$expect_out(1,string)" } \
            timeout { puts timeout; exit 1 }
    }
}
foreach id $shells {
    send -i $id "\004"
    expect -i $id eof { puts [lindex [wait -i $id] 3] }
}
"""


def work(box):
    script = box.file("script.exp", SCRIPT)
    out = box.run("expect", "-f", script)
    box.same("said", out.decode().split(),
             ["one"] * 10 + ["two"] * 10 + ["three"] * 10 + ["0"] * 10)
