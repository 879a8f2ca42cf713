# SPDX-License-Identifier: MIT
"""Platforms with a way of their own."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import results

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent


# --- A process tree of both widths ------------------------------------------

CALLS = 100  # of mixed.c: ROUNDS times five
PROGRAMS = {"64": ["-m64"], "32": ["-m32"],
            "32-time64": ["-m32", "-D_TIME_BITS=64", "-D_FILE_OFFSET_BITS=64"]}


def built_for(options, name):
    path = options.work / name / ".libs" / "libepollshim.so"
    if not path.exists():
        raise options.broken(f"run portability/run {name} before it: "
                             f"{path} is not there")
    return path


def expand_lib(flag):
    """What Debian's loader puts for $LIB in programs of one width."""
    said = subprocess.run(["gcc", f"-m{flag}", "-print-multiarch"], text=True,
                          capture_output=True, check=True)
    return f"lib/{said.stdout.strip()}"


def mixed(platform, options, result, log):
    """A 64-bit shell starts a program of each kind, then one that becomes the
    next and the next: each is answered from an epoll set, and the loader has
    nothing to say."""
    root = options.work / platform.name
    shutil.rmtree(root, ignore_errors=True)
    (root / "stats").mkdir(parents=True)
    for name, flags in PROGRAMS.items():
        options.must(["gcc", "-O1", *flags, HERE / "mixed.c", "-o",
                      root / name], log)
    for flag, name in (("64", "host"), ("32", "i386")):
        place = root / "prefix" / expand_lib(flag)
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(built_for(options, name), place)
    result.built = "yes"
    names = [str(root / name) for name in PROGRAMS]
    tree = " && ".join([*names, " ".join(names)])
    said = subprocess.run(
        ["/bin/sh", "-c", tree], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "EPOLLSHIM_POLICY": "always",
             "EPOLLSHIM_STATS": f"{root}/stats/%p",
             "LD_PRELOAD": f"{root}/prefix/$LIB/libepollshim.so"})
    with open(log, "a", encoding="utf-8") as out:
        out.write(said.stdout + said.stderr)
    answers = {
        f"{bits}-bit, {times}-bit times": f"{bits}-bit, {times}-bit times: "
        "0 wrong" in said.stdout for bits, times in ((32, 32), (64, 64),
                                                     (32, 64))}
    answers["the tree ends well"] = said.returncode == 0
    answers["the loader is silent"] = said.stderr == ""
    answers["each of four processes was answered"] = \
        reports(root / "stats") == 4
    for name in PROGRAMS:
        answers[f"a trace of {name} sees each call"] = \
            traced_calls(options, root, name) == CALLS
    for name, right in answers.items():
        result.add(results.PASS if right else results.FAIL, name)


def traced_calls(options, root, name):
    """What the command of the width notes of a program."""
    command = options.work / ("host" if name == "64" else "i386") / "epollshim"
    report = root / f"{name}.json"
    subprocess.run([command, "trace", "--json", "-o", report, root / name],
                   capture_output=True, check=False)
    return json.loads(report.read_text())["calls"] if report.exists() else 0


def reports(directory):
    """Reports, one a program image, that tell of answered calls."""
    text = "".join(file.read_text() for file in directory.iterdir())
    return sum(int(number) > 0
               for number in re.findall(r"^answered (\d+)$", text, re.M))


# --- make dist --------------------------------------------------------------

AUTOTOOLS = ("git", "autoconf", "autoreconf", "autoheader", "autom4te",
             "automake", "aclocal", "libtoolize", "m4")


def poor_path(directory):
    """A PATH in which everything is, but for the autotools and git."""
    directory.mkdir()
    for part in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for tool in pathlib.Path(part).iterdir():
            name = re.sub(r"-[0-9.]+$", "", tool.name)
            link = directory / tool.name
            if name not in AUTOTOOLS and not link.is_symlink():
                link.symlink_to(tool)
    return str(directory)


def dist(platform, options, result, log):
    root = options.work / platform.name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    host = options.work / "host"
    if not (host / "Makefile").exists():
        raise options.broken("run portability/run host before it: its make "
                             "dist makes the tarball")
    options.must(["make", "dist"], log, cwd=host)
    tarball = max(host.glob("libepollshim-*.tar.xz"),
                  key=lambda file: file.stat().st_mtime)
    options.must(["tar", "-xf", tarball, "-C", root], log)
    tree = next(root.glob("libepollshim-*"))
    clean = {"PATH": poor_path(root / "bin"), "HOME": str(root)}
    for name in AUTOTOOLS:
        if shutil.which(name, path=clean["PATH"]):
            raise options.broken(f"{name} is still in the PATH")
    build = root / "build"
    build.mkdir()
    options.must([tree / "configure", "--quiet"], log, cwd=build, env=clean)
    options.must(["make", f"-j{options.jobs}"], log, cwd=build, env=clean)
    options.must(["make", "install", f"DESTDIR={root}/installed"], log,
                 cwd=build, env=clean)
    if not list((root / "installed").rglob("libepollshim.so")):
        raise options.broken("make install put no libepollshim.so anywhere")
    result.built = "yes"
    said = options.checked(["make", "-k", "check"], build, env=clean)
    results.read(result, said)
