# SPDX-License-Identifier: MIT
"""A person before a terminal: types, and reads what appears."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from . import processes
from .box import Failed

ESCAPES = re.compile(
    rb"\x1b\[[0-9;?>=!]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1bP[^\x1b]*\x1b\\|\x1b[()*+][0-9A-B]|\x1b[ -/]*[0-~]|[\x0e\x0f]")


class Terminal:
    """A program of the way on a terminal of 80 columns and 24 lines."""

    def __init__(self, box, *argv, env=None, name=None, rows=24, columns=80):
        argv = [str(word) for word in argv]
        variables = {**box.environment(box.label(argv, name)), **(env or {})}
        self.box = box
        self.raw = b""
        self.mark = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(box.dir)
                os.execvpe(argv[0], argv, variables)
            finally:
                os._exit(127)
        self.resize(rows, columns)

    def resize(self, rows, columns):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size)

    def _read(self, seconds):
        """Whether the program is still there."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # EIO: nobody has the terminal open any more.
            return False
        self.raw += data
        return bool(data)

    def text(self):
        """What has appeared, without what only moves and paints."""
        return ESCAPES.sub(b"", self.raw).replace(b"\r", b"")

    def type(self, keys):
        if isinstance(keys, str):
            keys = keys.encode()
        while keys:
            keys = keys[os.write(self.fd, keys):]

    def line(self, text):
        self.type(text + "\r")

    def expect(self, pattern, seconds=30):
        """Waits for a pattern behind what was expected last."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        deadline = time.monotonic() + seconds
        while True:
            text = self.text()
            if found := re.compile(pattern).search(text, self.mark):
                self.mark = found.end()
                return found
            if not self._read(0.05):
                self._read(0)
                if re.compile(pattern).search(self.text(), self.mark):
                    continue
                raise Failed(f"the program ended before {pattern!r}: "
                             f"{self.text()[-200:]!r}")
            if time.monotonic() > deadline:
                raise Failed(f"{pattern!r} did not appear in {seconds} s: "
                             f"{self.text()[-200:]!r}")

    def wait_for_exit(self, seconds=30):
        """The exit status, once the program has ended by itself."""
        deadline = time.monotonic() + seconds
        there = True
        while True:
            there = self._read(0.02) if there else time.sleep(0.02)
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                raise Failed("the program was reaped by others") from None
            if pid:
                while self._read(0):
                    if not select.select([self.fd], [], [], 0)[0]:
                        break
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                raise Failed(f"the program had not ended after {seconds} s: "
                             f"{self.text()[-200:]!r}")

    def hang_up(self):
        """Closes the terminal, as a lost line does."""
        os.close(self.fd)
        processes.send(self.pid, signal.SIGHUP)
