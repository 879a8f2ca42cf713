# SPDX-License-Identifier: MIT
PACKAGES = ["gdb"]
PROGRAM = "gdb"
HARD = ("It waits by poll() on a pipe that its SIGCHLD handler writes to, and "
        "starts what it debugs by a vfork() in its own memory.")


def work(box):
    script = box.file("script", """
set pagination off
set confirm off
set startup-with-shell on
set debuginfod enabled off
set environment LD_PRELOAD
set print inferior-events off
shell echo from a shell
run
printf "exit %d\\n", $_exitcode
python import gdb; print(6 * 7)
""")
    out = box.run("gdb", "-q", "-nx", "-batch", "-x", script, "--args",
                  "/bin/sh", "-c", "echo debugged; exit 5").decode()
    lines = [line for line in out.splitlines() if line in (
        "from a shell", "debugged", "exit 5", "42")]
    box.same("lines", lines, ["from a shell", "debugged", "exit 5", "42"])
