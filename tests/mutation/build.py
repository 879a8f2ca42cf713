# SPDX-License-Identifier: MIT
"""Builds the library and its unit tests, whole or with one file replaced.

All objects are made once; a mutant costs the objects that its file is in,
and a link.
"""

import os
import pathlib
import re
import shutil
import subprocess

FLAGS = ["-std=gnu11", "-g", "-O1", "-fexceptions", "-fPIC",
         "-fvisibility=hidden", "-ftls-model=initial-exec", "-D_GNU_SOURCE="]
LINK = ["-shared", "-Wl,-z,defs,-z,now,-z,nodelete,-Bsymbolic-functions"]


class Failed(Exception):
    """A compiler or linker said no."""


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(" ".join(map(str, command)) + "\n" + done.stderr)


class Build:
    """The sources, their objects, and where each header is used."""

    def __init__(self, root, scratch):
        self.tests = root / "tests"
        self.cc = os.environ.get("CC", "cc").split()
        self.cmocka = os.environ.get("CMOCKA_LIBS", "-lcmocka").split()
        self.source = scratch / "src"
        self.objects = scratch / "objects"
        self.trial = scratch / "trial"
        shutil.copytree(root / "src", self.source)
        self.objects.mkdir()
        makefile = (root / "Makefile.am").read_text()
        self.parts = self.listed(
            makefile, "tests_libparts_la_SOURCES", r"src/(\w+)\.c")
        self.units = self.listed(makefile, "UNITS", r"tests/(unit_\w+)")
        self.uses = {}
        for source in sorted(self.source.glob("*.c")):
            self.compile(source, self.objects)
            self.note_uses(source)

    @staticmethod
    def listed(makefile, name, pattern):
        """What a list of Makefile.am holds."""
        block = re.search(rf"^{name} =((.*\\\n)+.*)", makefile, re.M)
        return sorted(re.findall(pattern, block.group(1)))

    def compile(self, source, to):
        run([*self.cc, *FLAGS, f"-I{self.source}", "-MMD", "-c", source,
             "-o", to / (source.stem + ".o")])

    def note_uses(self, source):
        made_of = (self.objects / (source.stem + ".d")).read_text()
        for path in re.findall(r"\S+\.(?:h|def|c)\b", made_of):
            self.uses.setdefault(pathlib.Path(path).name, set()).add(source)

    def read(self, name):
        return (self.source / name).read_text()

    def make(self, name=None, text=None):
        """The library, with the file `name` replaced by `text`."""
        shutil.rmtree(self.trial, ignore_errors=True)
        shutil.copytree(self.objects, self.trial)
        if name:
            true = self.read(name)
            (self.source / name).write_text(text)
            try:
                for source in self.uses[name]:
                    self.compile(source, self.trial)
            finally:
                self.broken = (name, text)
                (self.source / name).write_text(true)
        else:
            self.broken = None
        library = self.trial / "libepollshim.so"
        script = self.source / "libepollshim.map"
        run([*self.cc, *LINK, f"-Wl,--version-script,{script}",
             *sorted(self.trial.glob("*.o")), "-o", library])
        return library

    def unit(self, name):
        """That unit test, of what was made last."""
        program = self.trial / name
        headers = self.trial / "src"
        if not headers.exists():
            shutil.copytree(self.source, headers)
            if self.broken:
                (headers / self.broken[0]).write_text(self.broken[1])
        archive = self.trial / "parts.a"
        run(["ar", "rc", archive,
             *[self.trial / (part + ".o") for part in self.parts]])
        run([*self.cc, *FLAGS, f"-I{headers}", f"-I{self.tests}",
             self.tests / (name + ".c"), archive, *self.cmocka,
             "-o", program])
        return program
