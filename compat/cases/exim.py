# SPDX-License-Identifier: MIT
from suite.crowd import crowd, expect

PACKAGES = ["exim4-daemon-light"]
PROGRAM = "exim4"
HARD = ("The daemon selects on its listeners and on a socket of the queue, "
        "and forks per session; it executes itself anew for deliveries.")
ROOT = True
SENT = 8 + 3


def start(box):
    config = box.file("exim.conf", f"""
primary_hostname = here.test
domainlist local_domains = here.test
daemon_smtp_ports = {box.port()}
local_interfaces = 127.0.0.1
spool_directory = {box.directory('spool')}
log_file_path = {box.path('log.%s')}
pid_file_path = {box.path('pid')}
exim_user = root
exim_group = root
never_users =
deliver_drop_privilege = false
smtp_accept_max = 300
smtp_accept_queue = 300
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_host = 300
smtp_connect_backlog = 300
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = false
keep_environment =
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
local:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = {box.directory('in', 0o1777)}/mail
  user = mail
  group = mail
""")
    box.start("/usr/sbin/exim4", "-C", config, "-bdf", "-q1h",
              ready=box.port())


async def codes(connection, *lines):
    got = b""
    for line in lines:
        await connection.send(line + b"\r\n")
        answer = await connection.until()
        while answer[3:4] == b"-":
            answer = await connection.until()
        got += answer[:4]
    return got


async def talk(connection, number):
    return expect(await codes(
        connection, b"HELO me", b"MAIL FROM:<a@here.test>",
        b"RCPT TO:<b@here.test>", b"RSET", b"QUIT"),
        b"250 250 250 250 221 ")


async def half(connection, _number):
    await connection.send(b"HELO me\r\nNOOP\r\nQUIT\r\n")
    connection.half_close()
    answers = (await connection.to_end()).splitlines()
    return expect(b" ".join(line[:3] for line in answers), b"250 250 221")


async def mail(connection, number):
    await connection.until()
    return expect(await codes(
        connection, b"EHLO me", b"MAIL FROM:<a@here.test>",
        b"RCPT TO:<b@here.test>", b"DATA", b"Subject: %d\r\n\r\nmessage %d\r\n."
        % (number, number), b"QUIT"), b"250 250 250 354 250 221 ")


async def greet(connection):
    await connection.until()


def work(box):
    crowd(box, box.port(), talk, greet=greet, half=half, word=b"HELO")
    # Eight stall before they write; of four others, one would close half.
    crowd(box, box.port(), mail, clients=8, resets=False, name="mail")
    box.until(lambda: messages(box) == SENT, "the mail's delivery")
    box.saw("delivered", messages(box))


def messages(box):
    path = box.dir / "in/mail"
    return path.read_bytes().count(b"Subject:") if path.exists() else 0
