# SPDX-License-Identifier: MIT
"""What make check said, counted, and the table of it."""

import collections
import dataclasses
import re

PASS, FAIL, NOT = "passed", "failed", "not applicable"

# Automake's line for each test of a program, or for a script as a whole.
LINE = re.compile(
    r"^(PASS|FAIL|SKIP|XFAIL|XPASS|ERROR): (\S+)"
    r"(?: \d+ - (\S+) \((\w+)\))?(?:.*?# SKIP (.*))?.*$", re.MULTILINE)
MEANS = {"PASS": PASS, "FAIL": FAIL, "ERROR": FAIL, "XPASS": FAIL,
         "XFAIL": FAIL}


@dataclasses.dataclass
class Result:
    platform: object
    built: str = "yes"
    counts: dict = dataclasses.field(default_factory=collections.Counter)
    reasons: dict = dataclasses.field(default_factory=collections.Counter)
    failed: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    when: str = ""        # and of which commit: rows are of different runs
    said: str = ""        # by make check: rows may share a build directory
    seconds: float = 0

    @property
    def run(self):
        return self.counts[PASS] + self.counts[FAIL]

    def wrong(self):
        return self.built != "yes" or self.counts[FAIL] or not self.run

    def row(self):
        why = [f"{count}: {reason}" for reason, count in self.reasons.items()]
        if self.platform.instead:
            why.insert(0, f"run: {self.platform.instead}")
        return (f"| {self.platform.name} | {self.platform.what} "
                f"| {self.when} | {self.built} | {self.run} "
                f"| {self.counts[PASS]} | {self.counts[FAIL]} "
                f"| {self.counts[NOT]} | {'; '.join(why)} |")

    def section(self):
        """Below the table: each failure by name, and what a reason hides."""
        return [*(f" - failed: {name}" for name in self.failed),
                *(f" - {note}" for note in self.notes)]

    def add(self, outcome, name, reason=None):
        self.counts[outcome] += 1
        if outcome == FAIL:
            self.failed.append(name)
        if outcome == NOT:
            self.reasons[reason] += 1


class Written:
    """A platform's part of a table written before; not tried, if it has none."""

    def __init__(self, platform, table):
        self.platform, self.table = platform, table

    def row(self):
        start = f"| {self.platform.name} |"
        rows = [line for line in self.table.splitlines()
                if line.startswith(start)]
        return rows[0] if rows else Result(self.platform,
                                           built="not tried").row()

    def section(self):
        found = re.search(
            rf"^\*\*{re.escape(self.platform.name)}\*\*\n\n((?: - .*\n)*)",
            self.table, re.MULTILINE)
        return found.group(1).splitlines() if found else []


def natively_failed(lines):
    return {(program, test) for word, program, test, way, _ in lines
            if way == "native" and MEANS.get(word) == FAIL}


def failed_natively(said):
    """Programs and tests, in order."""
    return sorted(natively_failed(LINE.findall(said)))


def is_left_out(platform, program, test):
    """The name that is left out, and why; or nothing."""
    for name in (program, f"{program} {test}"):
        if name in platform.left_out:
            return f"{name} {platform.left_out[name]}"
    return None


def failed_programs(platform, said):
    """Those with a failure that would count."""
    lines = LINE.findall(said)
    moot = natively_failed(lines) if platform.native_rules else set()
    return sorted({program for word, program, test, _, _ in lines
                   if MEANS.get(word) == FAIL and (program, test) not in moot
                   and not is_left_out(platform, program, test)})


def replaced(said, programs, newly):
    """What was said, with the lines of these programs as said newly."""
    kept = [match.group() for match in LINE.finditer(said)
            if match.group(2) not in programs]
    return "\n".join([*kept, newly])


def read(result, said, fails_again=None):
    """Counts what make check said. By native_rules, a test that fails
    natively, and again when it is run alone, is no fact on that platform,
    whatever the library makes of it."""
    lines = LINE.findall(said)
    rules = result.platform.native_rules
    moot = {(program, test) for program, test in natively_failed(lines)
            if rules and not is_left_out(result.platform, program, test)
            and fails_again(program, test)}
    for word, program, test, way, skipped in lines:
        name = f"{program} {test} ({way})" if test else program
        left_out = is_left_out(result.platform, program, test)
        if left_out:
            result.add(NOT, name, left_out)
        elif test and (program, test) in moot:
            result.add(NOT, name, rules)
        elif word == "SKIP":
            result.add(NOT, name, skipped or "skips itself")
        else:
            result.add(MEANS[word], name)
    if moot:
        names = sorted(f"{program.removeprefix('tests/')} {test}"
                       for program, test in moot)
        result.notes.append(f"{rules}: {', '.join(names)}")


# --- The table --------------------------------------------------------------

HEAD = """\
| platform | what it is | when | built | run | passed | failed | not applicable | why |
|---|---|---|---|---:|---:|---:|---:|---|"""


def sections(results):
    for result in results:
        section = result.section()
        if section:
            yield f"\n**{result.platform.name}**\n"
            yield from section


def render(results, where):
    """All of PLATFORMS.md."""
    return "\n".join([
        "# Platforms", "",
        "Figures of a run of `portability/run`, which says how each platform",
        "is built; made again by it, never by hand. A test is counted once a",
        "way it is run (natively, preloaded, with policy `always`), a script",
        "once.", "", where, "", HEAD,
        *(result.row() for result in results),
        *sections(results), ""])
