# SPDX-License-Identifier: MIT
"""The mutants: small ways to break the library, read from a file.

A mutant is

    == NAME
    what it breaks, in a line or more
    @ FILE
     a line that stays
    -a line that goes
    +a line that comes
    by TEST...

as in a diff without numbers. What stays and goes must be found in FILE once,
and TEST (a program, or program/test) is where it is first looked for.
"""

import dataclasses
import pathlib


class Wrong(Exception):
    """What is wrong with a mutant, and not with the library."""


@dataclasses.dataclass
class Mutant:
    name: str
    why: str = ""
    file: str = ""
    old: str = ""
    new: str = ""
    by: tuple = ()

    def apply(self, source):
        """The text of its file, broken."""
        found = source.count(self.old)
        if found != 1:
            raise Wrong(f"{self.name}: its lines are in {self.file} "
                        f"{found} times, not once: mend it in the list")
        return source.replace(self.old, self.new)

    def complete(self):
        if not (self.why and self.file and self.by and self.old != self.new):
            raise Wrong(f"{self.name}: a mutant has a sentence, a file, "
                        "lines that go or come, and tests")
        return self


def add_line(mutant, line):
    if mutant.by:
        raise Wrong(f"{mutant.name}: nothing comes behind its tests: {line}")
    if not mutant.file:
        if line.startswith("@ "):
            mutant.file = line[2:].strip()
        else:
            mutant.why = f"{mutant.why} {line}".strip()
    elif line.startswith("by "):
        mutant.by = tuple(line.split()[1:])
    elif line[0] in " -+":
        if line[0] != "+":
            mutant.old += line[1:] + "\n"
        if line[0] != "-":
            mutant.new += line[1:] + "\n"
    else:
        raise Wrong(f"{mutant.name}: what is this: {line}")


def read(path):
    """All mutants of the file, complete, by name."""
    mutants = {}
    mutant = None
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("== "):
            mutant = Mutant(line[3:].strip())
            if mutant.name in mutants:
                raise Wrong(f"{mutant.name} is there twice")
            mutants[mutant.name] = mutant
        elif line and not line.startswith("#"):
            if not mutant:
                raise Wrong(f"a line before the first mutant: {line}")
            add_line(mutant, line)
    return {name: mutant.complete() for name, mutant in mutants.items()}
