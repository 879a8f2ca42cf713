# SPDX-License-Identifier: MIT
PACKAGES = ["xterm", "xvfb", "x11-utils"]
PROGRAM = "xterm"
HARD = ("A terminal and the display in one select(); the display's clients "
        "wait by poll() on one descriptor at a time.")


def start(box):
    # By TCP and without a lock it leaves nothing in /tmp.
    number = box.port() - 6000
    box.display = f"127.0.0.1:{number}"
    box.start("Xvfb", f":{number}", "-screen", "0", "640x480x8", "-nolock",
              "-nolisten", "unix", "-nolisten", "local", "-listen", "tcp",
              "-ac", "-noreset", ready=box.port())


def work(box):
    env = {"DISPLAY": box.display}
    out = box.path("out")
    box.run("xterm", "-e", "sh", "-c", f"stty size >{out}; seq 1 5000; "
            f"printf '\\033[6n'; IFS=';' read -rsd R row column 2>/dev/null "
            f"|| :; seq 1 100 | md5sum >>{out}", env=env)
    with open(out, encoding="ascii") as file:
        box.saw("within", file.read())
    info = box.run("xdpyinfo", env=env).decode()
    box.check("640x480 pixels" in info, "another screen")
    for _ in range(5):
        box.run("xwininfo", "-root", env=env)
