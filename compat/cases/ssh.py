# SPDX-License-Identifier: MIT
from suite import backend, ssh
from suite.box import blob

PACKAGES = ["openssh-client", "dropbear-bin", "openssh-server", "util-linux"]
PROGRAM = "ssh"
HARD = ("A hundred channels in one ppoll() array; input from a file, which "
        "epoll refuses; a master that serves further sessions.")
ROOT = True
SUBSET = True


def start(box):
    ssh.make_keys(box)
    config = box.file("sshd_config", f"""
Port {box.port()}
ListenAddress 127.0.0.1
HostKey {box.path('keys/host')}
AuthorizedKeysFile {box.path('keys/authorized')}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
""")
    ssh.start_server(box, config)


def work(box):
    options = ssh.options(box, box.port())
    data = blob(300000, "ssh")
    file = box.file("input", data)
    box.same("from a file", box.run(
        "sh", "-c", 'file=$1; shift; exec "$@" <"$file"', "sh", file, "ssh",
        *options, ssh.HERE, "cat", name="ssh"), data)
    master = ("-o", f"ControlPath={box.path('master')}")
    box.start("ssh", *options, *master, "-MN", ssh.HERE,
              ready=box.path("master"))
    for number in range(5):
        box.same(f"through the master {number}", box.run(
            "ssh", *options, *master, ssh.HERE, "cat", input=data), data)
    echo, socks = backend.echo(box), box.port("socks")
    box.run("ssh", *options, *master, "-O", "forward", "-L",
            f"127.0.0.1:{socks}:127.0.0.1:{echo}", ssh.HERE)
    backend.echo_crowd(box, socks, size=3000)
