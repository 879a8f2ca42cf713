# SPDX-License-Identifier: MIT
import struct

from suite.crowd import crowd, expect

PACKAGES = ["mariadb-server", "mariadb-client"]
PROGRAM = "mariadbd"
HARD = ("poll() on its listeners, a thread per session that polls its socket "
        "with a timeout; a shutdown by signal wakes them all.")
ROOT = True


def start(box):
    data = box.path("data")
    box.plain("mariadb-install-db", "--no-defaults", f"--datadir={data}",
              "--auth-root-authentication-method=normal", "--skip-test-db",
              "--user=root", seconds=60)
    box.start("/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}",
              "--user=root", f"--port={box.port()}",
              "--bind-address=127.0.0.1", "--max-connections=600",
              f"--socket={box.path('socket')}",
              f"--pid-file={box.path('pid')}", "--innodb-buffer-pool-size=32M",
              "--innodb-flush-log-at-trx-commit=0", ready=box.port(),
              seconds=40)


def client(box, *words, text=b""):
    return box.run("mariadb", "--no-defaults", "-h", "127.0.0.1", "-P",
                   box.port(), "-uroot", "-N", "-B", *words, input=text)


async def packet(connection):
    head = await connection.exactly(4)
    return await connection.exactly(int.from_bytes(head[:3], "little"))


def framed(number, body):
    return len(body).to_bytes(3, "little") + bytes([number]) + body


async def greet(connection):
    """Logs in as root, who has no password here."""
    await packet(connection)
    rights = 0x1 | 0x200 | 0x8000  # Long passwords, 4.1's packets and login.
    await connection.send(framed(1, struct.pack(
        "<IIB23x", rights, 1 << 24, 33) + b"root\0\0"))
    expect((await packet(connection))[:1], b"\0")


async def talk(connection, number):
    text = b"%d;" % number
    await connection.send(framed(0, b"\3select repeat('%s', 80)" % text))
    answer = [await packet(connection) for _ in range(5)]
    length = 80 * len(text)
    head = b"\xfc" + struct.pack("<H", length) if length > 250 else \
        bytes([length])
    return expect(answer[3], head + 80 * text)


async def half(connection, number):
    await connection.send(framed(0, b"\3select %d" % number))
    connection.half_close()
    answer = [await packet(connection) for _ in range(5)]
    expect(await connection.to_end(), b"")
    return expect(answer[3][1:], b"%d" % number)


def work(box):
    box.same("created", client(box, text=(
        b"create database d; use d; create table t (a int);"
        b"insert into t select seq from seq_1_to_20000;"
        b"select sum(a), count(*) from t;")), b"200010000\t20000\n")
    out = box.run("mariadb-slap", "--no-defaults", "-h", "127.0.0.1", "-P",
                  box.port(), "-uroot", "--concurrency=200",
                  "--number-of-queries=1000", "--create-schema=d",
                  "--query=insert into d.t values (1); select 1;",
                  "--delimiter=;", seconds=60)
    box.check(b"Benchmark" in out, f"{out[-200:]!r}")
    crowd(box, box.port(), talk, greet=greet, half=half, word=b"\x40\0\0\1")
    box.same("killed", client(box, "-e", "select sleep(0.1), 7"), b"0\t7\n")
