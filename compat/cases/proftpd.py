# SPDX-License-Identifier: MIT
from suite import ftp
from suite.box import blob

UNPACKED = "proftpd-core"
PACKAGES = ["libpcre2-posix3", "libcap2", "libsodium23", "libhiredis0.14",
            "libmemcached11", "libmemcachedutil2"]
PROGRAM = "proftpd"
HARD = ("A fork per session, which becomes another user and closes what its "
        "parent listened on; it overwrites its own environment for ps.")
ROOT = True


def start(box):
    jail = box.directory("ftp")
    box.payload("ftp/big", 400000)
    box.directory("ftp/up", 0o777)
    box.count_within(jail)
    config = box.file("proftpd.conf", f"""
ServerName here
ServerType standalone
DefaultAddress 127.0.0.1
Port {box.port()}
PassivePorts {box.port('data')} {box.port('data') + 10}
User nobody
Group nogroup
UseReverseDNS off
WtmpLog off
UseIPv6 off
AuthOrder mod_auth_unix.c
UseFtpUsers off
PidFile {box.path('pid')}
ScoreboardFile none
DelayEngine off
SystemLog none
TransferLog none
MaxInstances 400
MaxClients none
<Anonymous {jail}>
    User nobody
    Group nogroup
    UserAlias anonymous nobody
    RequireValidShell off
    <Limit LOGIN>
        AllowAll
    </Limit>
</Anonymous>
""")
    box.start(box.unpacked("proftpd-core/usr/sbin/proftpd"), "-n", "-q", "-c",
              config, ready=box.port())


def work(box):
    data = ftp.exchange(box, box.port(), "anonymous", "me@here")
    box.same("big", data, blob(400000))
    box.same("uploaded", (box.dir / "ftp/up/sent").read_bytes(), data)
    ftp.session_crowd(box, box.port(), "anonymous", "me@here")
