# SPDX-License-Identifier: MIT
from suite.crowd import crowd, expect

PACKAGES = ["snmpd", "snmp"]
PROGRAM = "snmpd"
HARD = "select() on sets larger than an fd_set, with timers of its own."


def start(box):
    config = box.file("snmpd.conf", f"""
agentaddress udp:127.0.0.1:{box.port()},tcp:127.0.0.1:{box.port('tcp')}
rocommunity public 127.0.0.1
syslocation here
syscontact nobody
sysname compat
pass_persist .1.3.6.1.4.1.8072.9999 /bin/sh {box.file('pass', PASS, 0o755)}
""")
    box.directory("state")
    box.start("/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", config, "-I",
              "system_mib,pass_persist,pass,sysORTable,snmp_mib",
              "-p", box.path("pid"), ready=box.port("tcp"),
              env=own_state(box))


def own_state(box):
    return {"SNMP_PERSISTENT_DIR": box.path("state")}


PASS = """#!/bin/sh
while read -r word; do
    case $word in
    PING) echo PONG ;;
    get) read -r oid; echo "$oid"; echo string; echo "value of $oid" ;;
    *) read -r oid; echo NONE ;;
    esac
done
"""


def packet(kind, value):
    """A GET (0xa0) of sysName, or the RESPONSE (0xa2) to it."""
    def tagged(tag, *parts):
        body = b"".join(parts)
        return bytes([tag, len(body)]) + body

    name = tagged(6, bytes([43, 6, 1, 2, 1, 1, 5, 0]))
    zero = tagged(2, b"\0")
    return tagged(48, tagged(2, b"\1"), tagged(4, b"public"), tagged(
        kind, tagged(2, b"\7"), zero, zero,
        tagged(48, tagged(48, name, value))))


ASKED = packet(0xa0, b"\5\0")
ANSWERED = packet(0xa2, b"\4\6compat")


async def talk(connection, _number):
    await connection.send(ASKED)
    return expect(await connection.exactly(len(ANSWERED)), ANSWERED)


async def greet(connection):
    """No more than five may wait for accept()."""
    await talk(connection, 0)


async def half(connection, _number):
    await connection.send(ASKED)
    connection.half_close()
    return expect(await connection.to_end(), ANSWERED)


def work(box):
    words = ("-v2c", "-c", "public", "-Oqn", "-t", "5", "-r", "2")
    own = "1.3.6.1.4.1.8072.9999.{}"
    for way, address in (("udp", f"udp:127.0.0.1:{box.port()}"),
                         ("tcp", f"tcp:127.0.0.1:{box.port('tcp')}")):
        box.same(f"{way} name", box.run("snmpget", *words, address,
                                        "1.3.6.1.2.1.1.5.0", env=own_state(box)),
                 b'.1.3.6.1.2.1.1.5.0 "compat"\n')
        box.saw(f"{way} tree", box.run("snmpwalk", *words, address,
                                       "1.3.6.1.2.1.1.6", env=own_state(box)))
        for number in range(10):
            name = own.format(number)
            box.same(f"{way} {number}",
                     box.run("snmpget", *words, address, name,
                             env=own_state(box)),
                     f'.{name} "value of .{name}"\n'.encode())
    crowd(box, box.port("tcp"), talk, greet=greet, half=half, word=ASKED[:9])
