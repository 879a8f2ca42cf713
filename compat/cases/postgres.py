# SPDX-License-Identifier: MIT
import re

PACKAGES = ["postgresql-15"]
PROGRAM = "postgres"
HARD = ("The postmaster forks a child per session, which waits by an epoll of "
        "its own; pgbench keeps fifty sessions in one ppoll().")
ROOT = True
SECONDS = 90

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
        "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=120",
        "-c", "fsync=off"), name="postgres", ready=box.port())


def psql(box, *words, text=b""):
    return box.run("psql", "-XqAt", "-h", "127.0.0.1", "-p", box.port(), "-U",
                   "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1",
                   *words, input=text,
                   name="psql")


def work(box):
    pgbench = f"{BINARIES}/pgbench"
    words = ("-h", "127.0.0.1", "-p", box.port(), "-U", "postgres", "postgres")
    box.run(pgbench, "-i", "-s", "2", "-q", *words)
    out = box.run(pgbench, "-c", "50", "-j", "2", "-t", "20", *words).decode()
    found = re.search(r"actually processed: (\d+)", out)
    box.same("transactions", found and int(found[1]), 1000)
    box.same("history", psql(box, "-c", "select count(*) from "
                             "pgbench_history"), b"1000\n")
    box.same("sum", psql(box, "-c", "select (select sum(abalance) from "
                         "pgbench_accounts) = (select sum(delta) from "
                         "pgbench_history)"), b"t\n")
    rows = b"".join(b"%d\n" % n for n in range(20000))
    box.same("copied", psql(box, "-f", "-", text=b"create table t (a int);\n"
                            b"copy t from stdin;\n" + rows + b"\\.\n"
                            b"select sum(a) from t;\n"), b"199990000\n")
    listen_and_notify(box)


def listen_and_notify(box):
    out = psql(box, "-c", "listen x", "-c", "notify x, 'word'")
    box.check(b'Asynchronous notification "x"' in out, f"no notice: {out!r}")
