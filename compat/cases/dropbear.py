# SPDX-License-Identifier: MIT
from suite import backend, ssh
from suite.box import blob

PACKAGES = ["dropbear-bin", "openssh-client", "util-linux"]
PROGRAM = "dropbear"
HARD = ("Each session is a child forked after the first wait, which waits by "
        "itself; its set grows with every forwarded connection.")
ROOT = True

# It looks for keys in root's home alone, so it gets a home of its own.
AT_HOME = 'mount --bind "$1" /root && shift && exec "$@"'


def start(box):
    public = ssh.make_keys(box)
    home = box.directory("home", 0o700)
    box.directory("home/.ssh", 0o700)
    box.file("home/.ssh/authorized_keys", public, 0o600)
    box.plain("dropbearkey", "-t", "ed25519", "-f", box.path("host"))
    box.start("unshare", "-m", "sh", "-c", AT_HOME, "sh", home,
              "/usr/sbin/dropbear", "-F", "-E", "-r", box.path("host"),
              "-p", f"127.0.0.1:{box.port()}", "-P", box.path("pid"),
              ready=box.port(), name="dropbear")


def work(box):
    options = ssh.options(box, box.port())
    data = blob(300000, "through the shell")
    box.same("piped", box.plain("ssh", *options, ssh.HERE, "cat",
                                input=data), data)
    echo, forward = backend.echo(box), box.port("forward")
    box.start("ssh", *options, "-N", "-L", f"127.0.0.1:{forward}:"
              f"127.0.0.1:{echo}", ssh.HERE, ready=forward)
    backend.echo_crowd(box, forward, size=3000)
