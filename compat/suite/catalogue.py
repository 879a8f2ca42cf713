# SPDX-License-Identifier: MIT
"""Finds the cases: one file each in cases/, read as Python.

A case defines
  PACKAGES  Debian packages it needs; the first one's version is reported
  UNPACKED  one that conflicts with others, unpacked for box.unpacked()
  PROGRAM   the program whose symbols and counts are reported
  HARD      what is hard about it, in a sentence
  start(box), work(box)
and may define
  MODES     names of its ways to wait, handed on as box.mode
  ELASTIC   why the number of its descriptors varies natively
  UNTOUCHED why epoll never answers it (a string, or {mode: string})
  ROOT      True when only root can start it
  SUBSET    True when it belongs to the short run
  SECONDS   how long one run may take, beyond which it counts as hung [180]
  CLASSICS  programs of classics/ it needs compiled
"""

import importlib.util
import pathlib
import re

CASES = pathlib.Path(__file__).parent.parent / "cases"


class Case:
    def __init__(self, path):
        self.name = path.stem
        spec = importlib.util.spec_from_file_location(
            "case_" + re.sub(r"\W", "_", path.stem), path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        for name in ("PROGRAM", "HARD", "work"):
            if not hasattr(self.module, name):
                raise SystemExit(f"compat: {path} lacks {name}; copy another "
                                 f"case to see what one consists of")

    def get(self, name, default=None):
        return getattr(self.module, name, default)

    @property
    def modes(self):
        return self.get("MODES", ("",))

    def untouched(self, mode):
        """Why no call of this mode is answered by epoll, or None."""
        reason = self.get("UNTOUCHED")
        return reason.get(mode) if isinstance(reason, dict) else reason


def all_names():
    return sorted(path.stem for path in CASES.glob("*.py"))


def load(name):
    return Case(CASES / f"{name}.py")


def select(words, subset=False):
    """[(case, mode)] of arguments such as lighttpd or memcached:poll."""
    if not words:
        cases = [load(name) for name in all_names()]
        return [(case, mode) for case in cases for mode in case.modes
                if not subset or case.get("SUBSET")]
    chosen = []
    for word in words:
        name, _, mode = word.partition(":")
        if name not in all_names():
            raise SystemExit(f"compat: no case '{name}'; run --list")
        case = load(name)
        if mode and mode not in case.modes:
            raise SystemExit(f"compat: {name} has no mode '{mode}', but "
                             f"{', '.join(case.modes)}")
        chosen += [(case, each) for each in case.modes
                   if not mode or mode == each]
    return chosen
