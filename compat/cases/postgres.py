# SPDX-License-Identifier: MIT
import re
import struct

from suite.crowd import crowd, expect

PACKAGES = ["postgresql-15"]
PROGRAM = "postgres"
HARD = ("The postmaster forks a child per session, which waits by an epoll of "
        "its own; pgbench keeps two hundred sessions in one ppoll().")
ROOT = True

BINARIES = "/usr/lib/postgresql/15/bin"


def as_postgres(*words):
    return ("setpriv", "--reuid=postgres", "--regid=postgres",
            "--clear-groups", *words)


def start(box):
    data = box.directory("data", 0o700)
    box.plain("chown", "postgres:", data)
    box.plain(*as_postgres(f"{BINARIES}/initdb", "-D", data, "-A", "trust",
                           "-N", "--no-instructions"), seconds=60)
    box.start(*as_postgres(
        f"{BINARIES}/postgres", "-D", data, "-p", box.port(), "-k", "",
        "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=320",
        "-c", "fsync=off"), name="postgres",
        ready=re.compile("ready to accept connections"))


def psql(box, *words, text=b""):
    return box.run("psql", "-XqAt", "-h", "127.0.0.1", "-p", box.port(), "-U",
                   "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1",
                   *words, input=text,
                   name="psql")


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


async def until_ready(connection):
    """Everything up to the server's next ReadyForQuery."""
    got = kind = b""
    while kind != b"Z":
        head = await connection.exactly(5)
        kind, size = struct.unpack("!cI", head)
        got += head + await connection.exactly(size - 4)
    return got


async def greet(connection):
    await connection.send(message(
        b"", struct.pack("!I", 3 << 16) +
        b"user\0postgres\0database\0postgres\0\0"))
    await until_ready(connection)


async def ask(connection, text):
    """A query, and the row that has to be in its answer."""
    query = f"select repeat('{text}', 500)"
    await connection.send(message(b"Q", query.encode() + b"\0"))
    value = text.encode() * 500
    return message(b"D", struct.pack("!HI", 1, len(value)) + value)


def holds(got, row):
    expect(got[max(got.find(row), 0):][:len(row)], row)
    return got


async def talk(connection, number):
    row = await ask(connection, f"{number};")
    return holds(await until_ready(connection), row)


async def half(connection, number):
    row = await ask(connection, f"{number}:")
    connection.half_close()
    return holds(await connection.to_end(), row)


def work(box):
    pgbench = f"{BINARIES}/pgbench"
    words = ("-h", "127.0.0.1", "-p", box.port(), "-U", "postgres", "postgres")
    box.run(pgbench, "-i", "-s", "2", "-q", *words)
    out = box.run(pgbench, "-c", "200", "-t", "2", *words).decode()
    found = re.search(r"actually processed: (\d+)", out)
    box.same("transactions", found and int(found[1]), 400)
    box.same("history", psql(box, "-c", "select count(*) from "
                             "pgbench_history"), b"400\n")
    box.same("sum", psql(box, "-c", "select (select sum(abalance) from "
                         "pgbench_accounts) = (select sum(delta) from "
                         "pgbench_history)"), b"t\n")
    rows = b"".join(b"%d\n" % n for n in range(20000))
    box.same("copied", psql(box, "-f", "-", text=b"create table t (a int);\n"
                            b"copy t from stdin;\n" + rows + b"\\.\n"
                            b"select sum(a) from t;\n"), b"199990000\n")
    listen_and_notify(box)
    crowd(box, box.port(), talk, greet=greet, half=half, word=b"\0\0\0\x50\0")


def listen_and_notify(box):
    out = psql(box, "-c", "listen x", "-c", "notify x, 'word'")
    box.check(b'Asynchronous notification "x"' in out, f"no notice: {out!r}")
