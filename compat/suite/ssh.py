# SPDX-License-Identifier: MIT
"""Keys and options for the secure shell, all within the box."""

HERE = "127.0.0.1"  # A bare machine may know no "localhost".


def make_keys(box):
    """A host's key and a user's; the latter may log in."""
    box.directory("keys", 0o700)
    for name in ("host", "user"):
        box.plain("ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                  "-f", box.path(f"keys/{name}"))
    public = (box.dir / "keys/user.pub").read_bytes()
    box.file("keys/authorized", public, 0o600)
    return public


def options(box, port):
    """For ssh, scp and sftp: believe this box's host, and nothing else."""
    words = ["-F", "none", "-i", box.path("keys/user")]
    for option in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
                   "IdentitiesOnly=yes", "BatchMode=yes", "LogLevel=ERROR",
                   f"Port={port}"):
        words += ["-o", option]
    return words


def start_server(box, config):
    """sshd locks its unprivileged child in /run/sshd: so it gets a /run of
    its own, and nothing stays behind."""
    own_run = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'
    box.start("unshare", "-m", "sh", "-c", own_run, "sh", "/usr/sbin/sshd",
              "-D", "-e", "-f", config, ready=box.port(), name="sshd")
