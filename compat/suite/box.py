# SPDX-License-Identifier: MIT
"""What a case works with: one directory, its ports, processes and findings."""

import hashlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

from . import processes, ways


class Failed(Exception):
    """The program under test did not do what the case expects."""


def _prepare():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Box:
    """The world of one case in one mode and one way.

    start() and run() give a program the way's environment; plain() runs a
    helper that is not under test.
    """

    def __init__(self, directory, mode, way, setup):
        self.dir = pathlib.Path(directory)
        self.mode = mode
        self.way = way
        self.setup = setup
        self.findings = {}
        self.labels = []
        self.started = []
        # For programs that end by a signal, and so tell no counts: True.
        self.last_words = False
        self.ports = {}
        self.counts = self.dir / "counts"
        self.counts.mkdir()
        # Servers that have become somebody else leave their counts, too.
        self.counts.chmod(0o1777)
        self.count_directories = [self.counts]

    # --- files and ports

    def path(self, name):
        return str(self.dir / name)

    def file(self, name, content="", mode=0o644):
        """Writes a file (and its directories); returns its path."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    def directory(self, name, mode=0o755):
        path = self.dir / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        return str(path)

    def payload(self, name, size, seed="payload"):
        """A file of SIZE bytes that compress badly and repeat never."""
        return self.file(name, blob(size, seed))

    def port(self, name="main"):
        """A loopback port of this case's own range, free until now."""
        if name not in self.ports:
            self.ports[name] = self._free_port()
        return self.ports[name]

    def _free_port(self):
        first, end = self.setup["ports"]
        for number in range(first + len(self.ports), end):
            if number not in self.ports.values() and _is_free(number):
                return number
        raise RuntimeError(f"no free port from {first} to {end}")

    def classic(self, name):
        """The program compiled from classics/NAME.c."""
        return os.path.join(self.setup["tools"], name)

    def unpacked(self, path):
        """A file of the package named by UNPACKED."""
        return os.path.join(self.setup["tools"], "unpacked",
                            path.lstrip("/"))

    # --- programs

    def environment(self, label):
        setup = self.setup
        variables = self.plain_environment()
        variables.update(ways.environment(
            self.way, setup["tally"], setup["library"],
            str(self.counts / label)))
        return variables

    def without_epoll(self, label):
        """For env=: the program finds a kernel that has no epoll."""
        before = self.environment(label)["LD_PRELOAD"]
        denial = os.path.join(self.setup["tools"], "no_epoll.so")
        return {"LD_PRELOAD": f"{denial}:{before}"}

    def plain_environment(self):
        home = str(self.dir)
        return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:"
                        "/usr/sbin:/sbin",
                "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8",
                "TERM": "xterm", "TZ": "UTC", "SHELL": "/bin/sh",
                "USER": "root", "LOGNAME": "root",
                "PYTHONDONTWRITEBYTECODE": "1"}  # gdb's would stay in /usr.

    def label(self, argv, name=None):
        """Under what a program's counts are kept; noted for the report."""
        name = name or os.path.basename(argv[0])
        if name not in self.labels:
            self.labels.append(name)
        return name

    def start(self, *argv, ready=None, env=None, name=None, seconds=40,
              cwd=None, stdin=subprocess.DEVNULL):
        """Starts a server in a process group of its own.

        READY is a port, a file, a regular expression its log must match, or a
        function; start() returns when it is there.
        """
        argv = [str(word) for word in argv]
        label = self.label(argv, name)
        log = open(self.path(f"{label}.log"), "ab")
        process = subprocess.Popen(
            argv, stdin=stdin, stdout=log, stderr=log, cwd=cwd or self.dir,
            env={**self.environment(label), **(env or {})},
            start_new_session=True, preexec_fn=_prepare)
        log.close()
        self.started.append(process)
        self._await_ready(process, label, ready, seconds)
        return process

    def _await_ready(self, process, label, ready, seconds):
        deadline = time.monotonic() + seconds
        while not self._is_ready(label, ready):
            # A program that daemonises ends before it is ready, with 0.
            if process.poll():
                raise Failed(f"{label} ended with status "
                             f"{process.returncode}: {self.log(label)[-300:]}")
            if time.monotonic() > deadline:
                raise Failed(f"{label} was not ready in {seconds} s: "
                             f"{self.log(label)[-300:]}")
            time.sleep(0.02)

    def _is_ready(self, label, ready):
        if ready is None:
            return True
        if isinstance(ready, int):
            return listens(ready)
        if callable(ready):
            return ready()
        if isinstance(ready, re.Pattern):
            return bool(ready.search(self.log(label)))
        return os.path.exists(ready)

    def log(self, label):
        path = self.dir / f"{label}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def run(self, *argv, status=0, input=b"", env=None, name=None,
            seconds=60, stderr=False, cwd=None, ok=None):
        """Runs a client of the way to its end; returns its output's bytes."""
        argv = [str(word) for word in argv]
        variables = {**self.environment(self.label(argv, name)), **(env or {})}
        return self._run(argv, variables, status if ok is None else ok,
                         input, seconds, stderr, cwd)

    def plain(self, *argv, status=0, input=b"", env=None, seconds=60,
              stderr=False, cwd=None):
        """Runs a helper that is not under test."""
        argv = [str(word) for word in argv]
        variables = {**self.plain_environment(), **(env or {})}
        return self._run(argv, variables, status, input, seconds, stderr, cwd)

    def _run(self, argv, variables, status, data, seconds, stderr, cwd):
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if stderr else subprocess.PIPE,
            env=variables, cwd=cwd or self.dir, start_new_session=True,
            preexec_fn=_prepare)
        try:
            out, errors = process.communicate(data, timeout=seconds)
        except subprocess.TimeoutExpired:
            processes.send(process.pid, signal.SIGKILL)
            out, errors = process.communicate()
            raise Failed(f"{argv[0]} had not ended after {seconds} s: "
                         f"{(errors or out)[-300:]!r}") from None
        accepted = status if isinstance(status, (tuple, list)) else (status,)
        if status is not any and process.returncode not in accepted:
            raise Failed(f"{' '.join(argv)[:120]}: status "
                         f"{process.returncode}: {(errors or out)[-300:]!r}")
        return out

    def count_within(self, jail):
        """Lets programs that are chrooted to JAIL leave their counts."""
        inside = pathlib.Path(jail) / str(self.counts).lstrip("/")
        inside.mkdir(parents=True)
        inside.chmod(0o1777)
        self.count_directories.append(inside)

    # --- findings

    def saw(self, name, value):
        """Notes what came out: the ways must not differ in it."""
        if isinstance(value, str) and len(value) > 100:
            value = value.encode()
        if isinstance(value, bytes):
            digest = hashlib.sha256(value).hexdigest()[:16]
            value = f"{len(value)} bytes, sha256 {digest}"
        self.findings[name] = value

    def check(self, condition, sentence):
        if not condition:
            raise Failed(sentence)

    def same(self, name, got, expected):
        """GOT is noted, and must be EXPECTED."""
        self.saw(name, got)
        if got != expected:
            raise Failed(f"{name}: {shortly(got)}, expected "
                         f"{shortly(expected)}")

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not within {seconds} s")
            time.sleep(0.02)
        return value

    def close(self):
        """Ends everything; returns how many had to be killed."""
        for process in self.started:
            process.poll()
        return len(processes.end_all(os.getpid(), self.last_words))

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def shortly(value):
    text = repr(value)
    return text if len(text) < 160 else f"{text[:100]} ... {text[-50:]}"


def blob(size, seed="payload"):
    """SIZE bytes that depend on nothing but the seed."""
    return hashlib.shake_256(seed.encode()).digest(size)


def _is_free(port):
    with socket.socket() as one, \
            socket.socket(type=socket.SOCK_DGRAM) as other:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens_at(path):
    """As below; a socket's file is there a moment before it listens."""
    with open("/proc/net/unix", encoding="utf-8") as file:
        return any(line.split()[3] == "00010000" and line.split()[-1] == path
                   for line in file)


def listens(port):
    """Whether somebody listens there; asks no server to accept anybody."""
    wanted = f":{port:04X} "
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in file:
                fields = line.split()
                if fields[3] == "0A" and (fields[1] + " ").endswith(wanted):
                    return True
    return False
