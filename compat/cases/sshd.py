# SPDX-License-Identifier: MIT
from suite import backend, ssh
from suite.box import blob
from suite.crowd import crowd, expect
from suite.terminal import Terminal

PACKAGES = ["openssh-server", "openssh-client", "util-linux"]
PROGRAM = "sshd"
HARD = ("The child before authentication runs in a sandbox that kills it for "
        "any other system call, with no descriptor to spare, chrooted; the "
        "server executes itself anew for each connection.")
SUBSET = True
ROOT = True


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
PasswordAuthentication no
PrintMotd no
PrintLastLog no
MaxStartups 400
Subsystem sftp internal-sftp
LogLevel ERROR
""")
    ssh.start_server(box, config)


def work(box):
    options = ssh.options(box, box.port())
    data = blob(400000, "through the shell")
    box.same("piped", box.run("ssh", *options, ssh.HERE, "cat",
                              input=data), data)
    box.same("both outputs", box.run(
        "ssh", *options, ssh.HERE, "echo out; echo err >&2; exit 3",
        status=3, stderr=True), b"out\nerr\n")
    box.file("sent", data)
    box.run("scp", "-q", *options, box.path("sent"),
            f"{ssh.HERE}:{box.path('received')}")
    box.same("copied", (box.dir / "received").read_bytes(), data)
    terminal(box, options)
    forwarding(box, options)
    crowd(box, box.port(), wrong, greet=greet, word=b"SSH-2", name="strangers")


async def greet(connection):
    expect((await connection.until())[:8], b"SSH-2.0-")


async def wrong(connection, _number):
    """Who speaks another protocol is told so, and shown the door."""
    await connection.send(b"GET / HTTP/1.0\r\n")
    return expect(await connection.to_end(),
                  b"Invalid SSH identification string.\r\n")


def terminal(box, options):
    screen = Terminal(box, "ssh", "-tt", *options, ssh.HERE, "/bin/sh")
    screen.expect("# ")
    screen.line("echo $((6 * 7)) $(tty | cut -c 1-9)")
    screen.expect("42 /dev/pts/")
    screen.line("exit 5")
    box.same("terminal's exit", screen.wait_for_exit(), 5)


def forwarding(box, options):
    echo, forward = backend.echo(box), box.port("forward")
    box.start("ssh", *options, "-N", "-L", f"127.0.0.1:{forward}:"
              f"127.0.0.1:{echo}", ssh.HERE, ready=forward)
    backend.echo_crowd(box, forward, size=4000, name="forwarded crowd")
