# SPDX-License-Identifier: MIT
from suite import ftp
from suite.box import blob

PACKAGES = ["vsftpd"]
PROGRAM = "vsftpd"
HARD = ("Two processes per session, one of them chrooted, another user and "
        "without rights; it closes 4,091 numbers when it starts.")
ROOT = True
SUBSET = True


def start(box):
    jail = box.directory("ftp")
    box.payload("ftp/pub/big", 400000)
    box.directory("ftp/pub/up", 0o777)
    box.count_within(jail)
    box.count_within(box.directory("empty"))
    config = box.file("vsftpd.conf", f"""
listen=YES
listen_address=127.0.0.1
listen_port={box.port()}
background=NO
anonymous_enable=YES
anon_root={jail}
anon_upload_enable=YES
write_enable=YES
secure_chroot_dir={box.path('empty')}
pasv_min_port={box.port('data')}
pasv_max_port={box.port('data') + 10}
max_clients=0
max_per_ip=0
""")
    box.start("/usr/sbin/vsftpd", config, ready=box.port())


def work(box):
    data = ftp.exchange(box, box.port(), "anonymous", "me@here", "pub")
    box.same("big", data, blob(400000))
    box.same("uploaded", (box.dir / "ftp/pub/up/sent").read_bytes(), data)
    ftp.session_crowd(box, box.port(), "anonymous", "me@here")
