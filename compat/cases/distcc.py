# SPDX-License-Identifier: MIT
PACKAGES = ["distcc", "gcc", "libc6-dev"]
PROGRAM = "distcc"
ROOT = True
HARD = ("The library comes along into every compiler and shell; the client "
        "selects on the socket while it waits for the server's answer.")


def start(box):
    box.dir.chmod(0o1777)
    box.start("distccd", "--no-detach", "--daemon", "--allow", "127.0.0.1",
              "--listen", "127.0.0.1", "--port", box.port(), "--log-stderr",
              "--user", "nobody", "--jobs", "4", "--pid-file", box.path("pid"),
              "--enable-tcp-insecure", ready=box.port())


def work(box):
    for number in range(6):
        box.file(f"unit{number}.c", f"""
#include <stdio.h>
int unit{number}(int n);
int unit{number}(int n) {{ return printf("%d\\n", n + {number}); }}
""")
        env = {"DISTCC_HOSTS": f"127.0.0.1:{box.port()}",
               "DISTCC_FALLBACK": "0", "DISTCC_DIR": box.dir.as_posix()}
        box.run("distcc", "gcc", "-O2", "-c", f"unit{number}.c", "-o",
                f"unit{number}.o", env=env)
        box.plain("gcc", "-O2", "-c", f"unit{number}.c", "-o", "here.o")
        box.plain("strip", f"unit{number}.o", "here.o")
        box.same(f"unit {number}", (box.dir / f"unit{number}.o").read_bytes(),
                 (box.dir / "here.o").read_bytes())
