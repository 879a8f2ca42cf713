# SPDX-License-Identifier: MIT
from suite.crowd import crowd, expect

PACKAGES = ["znc"]
PROGRAM = "znc"
ROOT = True
HARD = "Its socket library waits by poll() or select(), and a module by threads."


def start(box):
    box.file("znc/configs/znc.conf", f"""
Version = 1.8.2
<Listener l>
    Host = 127.0.0.1
    Port = {box.port()}
    SSL = false
    IPv4 = true
    IPv6 = false
</Listener>
LoadModule = webadmin
MaxBufferSize = 500
AnonIPLimit = 1000
<User me>
    Admin = true
    Nick = me
    <Pass password>
        Method = plain
        Hash = secret
    </Pass>
</User>
""")
    box.plain("chown", "-R", "nobody:", box.path("znc"))
    box.start("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
              "znc", "-f", "-d", box.path("znc"), ready=box.port(),
              name="znc")


async def greet(connection):
    await connection.send(b"PASS me:secret\r\nNICK me\r\nUSER me 0 * :me\r\n")
    while b" 422 " not in (line := await connection.until()) and \
            b"*status" not in line:
        pass


async def talk(connection, number):
    got = b""
    for turn in range(3):
        await connection.send(b"PING :%d-%d\r\n" % (number, turn))
        wanted = b"%d-%d" % (number, turn)
        while wanted not in (line := await connection.until()):
            pass
        got += expect(line.strip()[-len(wanted):], wanted)
    return got


def work(box):
    crowd(box, box.port(), talk, greet=greet, word=b"PASS")
