# SPDX-License-Identifier: MIT
"""The command's arguments; what can't be used is told in one line."""

import argparse
import os
import pathlib
import subprocess
import sys


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"compat: {message}; see compat/run --help\n")


def _jobs(text):
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to 64")
    return int(text)


def _new_file(text):
    if os.path.isdir(text) or not os.access(os.path.dirname(text) or ".",
                                            os.W_OK):
        raise argparse.ArgumentTypeError(f"'{text}' can't be written")
    return os.path.abspath(text)


def _parser():
    parser = _Parser(
        prog="compat/run", description="Runs real programs natively and under "
        "the library, and compares what comes out.")
    parser.add_argument("cases", nargs="*", metavar="CASE[:MODE]",
                        help="which ones; all, if none is named")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--subset", action="store_true",
                        help="the short run, of about three minutes")
    parser.add_argument("--verify", action="store_true",
                        help="run under EPOLLSHIM_VERIFY=1")
    parser.add_argument("--preload", metavar="LIB",
                        help="try any other preload library")
    parser.add_argument("--library", metavar="LIB",
                        default=os.environ.get("LIBEPOLLSHIM"),
                        help="the built libepollshim.so [$LIBEPOLLSHIM, "
                        "or build/.libs/libepollshim.so, which is built]")
    parser.add_argument("--report", metavar="FILE", type=_new_file,
                        help="where the table goes [compat/COMPAT.md after "
                        "a whole run, otherwise nowhere]")
    parser.add_argument("--junit", metavar="FILE", type=_new_file,
                        help="JUnit XML goes here")
    parser.add_argument("--jobs", type=_jobs, default=2, metavar="N",
                        help="cases side by side [2]")
    parser.add_argument("--no-install", action="store_true",
                        help="install nothing")
    parser.add_argument("--keep", action="store_true",
                        help="keep the directories the cases worked in")
    return parser


def read():
    parser = _parser()
    options = parser.parse_args()
    if options.subset and options.cases:
        parser.error("--subset has cases of its own; name none")
    if options.verify and options.preload:
        parser.error("--verify is a mode of libepollshim's; leave out "
                     "--preload")
    return options


def _build(root, path):
    if not (root / "bootstrap").is_file():
        sys.exit(f"compat: {path} is not there; run make, or name it by "
                 f"--library=FILE")
    if subprocess.run([root / "bootstrap", "build"], check=False,
                      stdin=subprocess.DEVNULL).returncode:
        sys.exit("compat: the library could not be built; see above")


def library(options, root):
    """The library's path; one that the loader refuses has tested nothing."""
    named = options.preload or options.library
    path = pathlib.Path(named or root / "build/.libs/libepollshim.so")
    if not named and not path.is_file():
        _build(root, path)
    if not path.is_file():
        sys.exit(f"compat: {path} is no file; name a built library by "
                 f"{'--preload' if options.preload else '--library'}=FILE")
    path = path.resolve()
    said = subprocess.run(["/bin/true"], env={"LD_PRELOAD": str(path)},
                          capture_output=True, check=False)
    if said.returncode or b"cannot be preloaded" in said.stderr:
        sys.exit(f"compat: {path} can't be preloaded; name a shared library "
                 f"for this machine's programs")
    return path
