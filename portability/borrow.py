# SPDX-License-Identifier: MIT
"""Another build's hazards, run on this build's library.

Where compilers or the kernel alone differ, the test programs need not be
made anew: tests/three-ways is asked as the makefile does it, and what it says
is put as automake's driver does.
"""

import pathlib
import re

THREE_WAYS = pathlib.Path(__file__).resolve().parent.parent / "tests/three-ways"
TAP = re.compile(r"^(not )?ok (\d+ - .*)$", re.MULTILINE)
PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)


def as_automake(program, said):
    """A line a test; one more if the program did not come to its end."""
    told = TAP.findall(said)
    lines = [f"{'FAIL' if failed else 'SKIP' if ' # SKIP ' in test else 'PASS'}"
             f": {program} {test}" for failed, test in told]
    if [str(len(told))] != PLAN.findall(said):
        lines.append(f"ERROR: {program}")
    return lines


def hazards(owner, command, place, check):
    """What the programs in the owner's directory say, begun with a command
    (none, or what denies calls); check runs it. All of it is kept in place."""
    lines = []
    for program in sorted(owner.glob("tests/hazard_*.t")):
        said = check([*command, THREE_WAYS, program])
        lines += as_automake(f"tests/{program.name}", said)
    (place / "hazards.log").write_text("\n".join(lines))
    return "\n".join(lines)
