# SPDX-License-Identifier: MIT
from suite.terminal import Terminal

PACKAGES = ["zsh"]
PROGRAM = "zsh"
HARD = ("Its line editor waits on the terminal and on descriptors that its "
        "user adds; zselect waits on process substitutions.")

SCRIPT = """
zmodload zsh/zselect
typeset -a open
for n in {1..30}; do exec {fd}< <(sleep 0.0$n; print $n); open+=($fd); done
sum=0
while (( $#open )); do
    zselect -A ready -r $open
    for fd in ${(k)ready}; do
        if read -u $fd word; then (( sum += word )); else
            exec {fd}<&-
            open=(${open:#$fd})
        fi
    done
done
print $sum
"""


def work(box):
    script = box.file("script", SCRIPT)
    box.same("sum", box.run("zsh", "-f", script), b"465\n")
    screen = Terminal(box, "zsh", "-f", "-i", env={"PS1": "ready> "})
    screen.expect("ready> ")
    screen.line("echo $((6 * 7)) today")
    screen.expect("\n42 today")
    screen.type("ech\t three\x1bb\x7f\x05 four\r")
    screen.expect("\n? ?four|four")
    screen.line("exit 3")
    box.same("exit", screen.wait_for_exit(), 3)
