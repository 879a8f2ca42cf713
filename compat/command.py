# SPDX-License-Identifier: MIT
"""Runs real programs with and without the library, and compares.

What it lacks it installs from Debian's packages. See suite/catalogue.py for
what a case consists of: adding one is copying a file in cases/.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from suite import (arguments, catalogue, packages, processes, report, runner,
                   verdict, ways, worker)

HERE = pathlib.Path(__file__).resolve().parent


def say(text):
    print(f"compat: {text}", flush=True)


def die(text):
    sys.exit(f"compat: {text}")


def compile_tools(chosen, tools):
    """The tally, and what the chosen cases need of classics/."""
    compiler = os.environ.get("CC", "cc").split()
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-fexceptions"]
    jobs = [["-shared", "-fPIC", "-o", tools / f"{name}.so",
             HERE / f"suite/{name}.c"] for name in ("tally", "no_epoll")]
    names = {name for case, _ in chosen for name in case.get("CLASSICS", ())}
    for name in sorted(names):
        jobs.append(["-D_FORTIFY_SOURCE=2", "-pthread", "-o", tools / name,
                     HERE / f"classics/{name}.c"])
    for job in jobs:
        if subprocess.run([*compiler, *flags, *job], check=False).returncode:
            die(f"can't compile {job[-1]}; is a C compiler installed?")


def make_setup(options, built, scratch, chosen):
    """What every worker is told. Programs that become another user can read
    all of it, and it stays the same if somebody builds meanwhile."""
    tools = scratch / "tools"
    tools.mkdir()
    library = tools / built.name
    shutil.copy(built, library)
    compile_tools(chosen, tools)
    unpack(chosen, tools / "unpacked")
    for path in (scratch, tools, *tools.iterdir()):
        path.chmod(0o755)
    return {"tools": str(tools), "tally": str(tools / "tally.so"),
            "library": str(library), "keep": options.keep}


def unpack(chosen, directory):
    """{package: version} of what is used without being installed."""
    names = {name for case, _ in chosen if (name := case.get("UNPACKED"))}
    for name in sorted(names):
        report.unpacked[name] = packages.unpack(name, directory / name)


def left_behind():
    """Tells of processes that have outlived their case; there are none."""
    left = processes.below(os.getpid())
    for pid in left:
        say(f"left behind: process {pid}, {processes.name(pid)}")
    processes.end_all(os.getpid())
    return len(left)


def summarise(outcomes, expected):
    passed = sum(outcome.passed for outcome in outcomes)
    not_run = sum(outcome.verdicts[ways.NATIVE][0] == verdict.NOT_RUN
                  for outcome in outcomes)
    say(f"{passed} of {expected} passed, "
        f"{len(outcomes) - passed - not_run} differ, "
        f"{not_run + expected - len(outcomes)} could not run natively")
    failed = expected - passed + left_behind()
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def write_reports(options, outcomes, chosen_ways):
    whole = not (options.cases or options.subset or options.preload
                 or options.verify)
    table = options.report or (HERE / "COMPAT.md" if whole else None)
    if table:
        pathlib.Path(table).write_text(report.markdown(outcomes, chosen_ways),
                                       encoding="utf-8")
        say(f"wrote {table}")
    if options.junit:
        pathlib.Path(options.junit).write_text(report.junit(outcomes),
                                               encoding="utf-8")


def run(options, scratch):
    chosen = catalogue.select(options.cases, options.subset)
    built = arguments.library(options, HERE.parent)
    wanted = {name for case, _ in chosen for name in case.get("PACKAGES", ())}
    wanted.add("libc6-dev")
    if not shutil.which(os.environ.get("CC", "cc").split()[0]):
        wanted.add("gcc")
    if not options.no_install:
        packages.install(wanted, say)
    chosen_ways = ways.chosen(options.verify, options.preload)
    setup = make_setup(options, built, scratch, chosen)
    whole = runner.Runner(__file__, chosen_ways, setup, scratch, options.jobs)
    outcomes = whole.run(chosen)
    write_reports(options, outcomes, chosen_ways)
    return summarise(outcomes, len(chosen))


def main():
    if sys.argv[1:] == ["--worker"]:
        return worker.main()
    options = arguments.read()
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ... | head
        for case, mode in catalogue.select([]):
            print(f"{case.name}{':' if mode else ''}{mode}")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    os.environ.pop("LD_PRELOAD", None)
    os.umask(0o022)
    processes.adopt_orphans()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="compat."))
    if options.keep:
        say(f"what is kept is in {scratch}")
    try:
        return run(options, scratch)
    except KeyboardInterrupt:
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
