# SPDX-License-Identifier: MIT
PACKAGES = ["mariadb-server", "mariadb-client"]
PROGRAM = "mariadbd"
HARD = ("poll() on its listeners, a thread per session that polls its socket "
        "with a timeout; a shutdown by signal wakes them all.")
ROOT = True
SECONDS = 120


def start(box):
    data = box.path("data")
    box.plain("mariadb-install-db", "--no-defaults", f"--datadir={data}",
              "--auth-root-authentication-method=normal", "--skip-test-db",
              "--user=root", seconds=60)
    box.start("/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}",
              "--user=root", f"--port={box.port()}",
              "--bind-address=127.0.0.1", "--max-connections=300",
              f"--socket={box.path('socket')}",
              f"--pid-file={box.path('pid')}", "--innodb-buffer-pool-size=32M",
              "--innodb-flush-log-at-trx-commit=0", ready=box.port(),
              seconds=40)


def client(box, *words, text=b""):
    return box.run("mariadb", "--no-defaults", "-h", "127.0.0.1", "-P",
                   box.port(), "-uroot", "-N", "-B", *words, input=text)


def work(box):
    box.same("created", client(box, text=(
        b"create database d; use d; create table t (a int);"
        b"insert into t select seq from seq_1_to_20000;"
        b"select sum(a), count(*) from t;")), b"200010000\t20000\n")
    out = box.run("mariadb-slap", "--no-defaults", "-h", "127.0.0.1", "-P",
                  box.port(), "-uroot", "--concurrency=100",
                  "--number-of-queries=1000", "--create-schema=d",
                  "--query=insert into d.t values (1); select 1;",
                  "--delimiter=;", seconds=60)
    box.check(b"Benchmark" in out, f"{out[-200:]!r}")
    box.same("killed", client(box, "-e", "select sleep(0.1), 7"), b"0\t7\n")
