# SPDX-License-Identifier: MIT
"""The platforms: what each is, needs, builds with and runs."""

import dataclasses

# Named groups of the makefile's tests.
ALL = ""
PROGRAMS = "$(UNITS) $(HAZARDS) $(FACTS)"
# An emulated test takes seconds: what differs is the way into the kernel, the
# order of bytes, and poll's bits.
CORE = "$(UNITS) " + " ".join(f"tests/{name}.t" for name in (
    "hazard_answers", "hazard_arrays", "hazard_handouts", "hazard_wakeups",
    "fact_arrays", "fact_masks", "fact_timeouts"))

@dataclasses.dataclass
class Platform:
    name: str
    what: str
    packages: list = dataclasses.field(default_factory=list)
    architecture: str = None  # Debian's, added to what dpkg installs
    configure: list = dataclasses.field(default_factory=list)
    like: str = None      # built as that platform; not again
    # A whole `make check` takes minutes; where compilers or the kernel alone
    # differ, the hazards reach all of the library's code. They are those of
    # the build that is named here; the library and the command are its own.
    borrows: str = None
    tests: str = ALL
    ways: str = "native auto always"
    under: list = dataclasses.field(default_factory=list)  # of make check
    wrapper: str = ""     # of each test program
    own_cmocka: bool = False  # from source: Debian has no package
    # What fails natively too is no fact there, and says nothing of us: the
    # emulator is not the kernel, or the kernel lacks what the test is about.
    native_rules: str = ""
    # Scripts, and tests as "PROGRAM TEST", that can't be of use there, and why.
    left_out: dict = dataclasses.field(default_factory=dict)
    # Why the rest of the suite is not run.
    instead: str = ""
    script: str = None    # a way of its own: the name of a function in run
    release: str = ""     # Debian's, whose kernel is booted
    seconds: int = 2400


def _host():
    yield Platform("host", "this machine's processor, gcc, its own kernel")


def _i386():
    # gcc-multilib would send away the cross compilers. What it has beside:
    # the place of the kernel's headers, which serve both widths.
    packages = ["gcc-12-multilib", "libcmocka-dev:i386"]
    headers = "-idirafter /usr/include/x86_64-linux-gnu"
    configure = [f"CC=gcc -m32 {headers}", "--host=i686-linux-gnu",
                 "PKG_CONFIG_LIBDIR=/usr/lib/i386-linux-gnu/pkgconfig"]
    alien = "starts the machine's own programs, which are 64-bit"
    left_out = {f"tests/cmd-{name}": alien
                for name in ("run", "check", "classes", "scan", "trace",
                             "verify")}
    left_out["tests/walk-through"] = alien
    left_out["tests/compat-tells"] = alien
    left_out["tests/model-holds"] = "is of no width: spin is the machine's own"
    left_out["tests/faults/faults"] = \
        "knows a call by its instruction, here always the kernel's own"
    wide = "CPPFLAGS=-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64"
    yield Platform("i386", "32-bit x86, programs with 32-bit times", packages,
                   "i386", configure, left_out=left_out)
    yield Platform("i386-time64", "32-bit x86, programs with 64-bit times",
                   packages, "i386", [*configure, wide], left_out=left_out)
    yield Platform("i386-mixed", "a 64-bit shell that starts 32-bit programs "
                   "and back, by one LD_PRELOAD with $LIB", packages, "i386",
                   script="mixed", instead="one process tree, both widths of "
                   "program and of time")


def _compilers():
    short = {"borrows": "host", "ways": "always",
             "instead": "the library and the command are built so; the "
             "host's hazards, with policy always"}
    clang = ["clang", "llvm", "lld"]
    for name, cflags, cppflags in (
            ("gcc-O0", "-g -O0", ""),
            ("gcc-O1", "-g -O1", ""),
            ("gcc-O3", "-g -O3", ""),
            ("gcc-fortify2", "-g -O2", "-D_FORTIFY_SOURCE=2"),
            ("gcc-fortify3", "-g -O2", "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"),
            ("gcc-lto-all", "-g -O2 -flto=auto", ""),
            ("gcc-c11", "-g -O2 -std=c11", ""),
    ):
        yield Platform(name, f"gcc {cflags} {cppflags}".strip(), ["gcc"],
                       configure=[f"CFLAGS={cflags}", f"CPPFLAGS={cppflags}"],
                       **short)
    for name, cflags, cppflags in (
            ("clang-O0", "-g -O0", ""),
            ("clang-O1", "-g -O1", ""),
            ("clang-O2", "-g -O2", ""),
            ("clang-O3", "-g -O3", ""),
            ("clang-fortify2", "-g -O2", "-D_FORTIFY_SOURCE=2"),
            ("clang-lto-all", "-g -O2 -flto", ""),
            ("clang-c11", "-g -O2 -std=c11", ""),
    ):
        configure = ["CC=clang", f"CFLAGS={cflags}", f"CPPFLAGS={cppflags}"]
        if "flto" in cflags:
            configure += ["LDFLAGS=-fuse-ld=lld", "AR=llvm-ar", "NM=llvm-nm",
                          "RANLIB=llvm-ranlib"]
        yield Platform(name, f"clang {cflags} {cppflags}".strip(), clang,
                       configure=configure, **short)
    yield Platform("no-trap", "a processor whose way into the kernel is not "
                   "in trap.h: through the syscall() next in line",
                   configure=["CPPFLAGS=-DEPS_NO_TRAP"],
                   borrows="host", ways="auto always",
                   instead="the library and the command are built so; the "
                   "host's hazards: only trap.h differs")


def _kernels():
    def without(name, what, *denied, **more):
        return Platform(f"kernel-{name}", what, like="host",
                        under=["deny", *denied, "--"],
                        native_rules="fails natively on such a kernel", **more)
    for name, calls in (("close_range", ["close_range"]),
                        ("wipeonfork", ["MADV_WIPEONFORK"]),
                        ("populate_write", ["MADV_POPULATE_WRITE"]),
                        ("pidfd", ["pidfd_open", "pidfd_getfd"]),
                        ("epoll_pwait2", ["epoll_pwait2"]),
                        ("statx", ["statx"]),
                        ("kcmp", ["kcmp"])):
        yield without(f"no-{name}", f"without {' and '.join(calls)} (ENOSYS)",
                      "ENOSYS", *calls, borrows="host",
                      ways="native always",
                      instead="hazards, natively and with policy always; the "
                      "whole suite runs where all are missing")
    yield without("3.10", "without all that came after Linux 3.10 (ENOSYS)",
                  "ENOSYS", "all")
    yield without("einval", "what the library could use of it answers EINVAL",
                  "EINVAL", "close_range", "kcmp", "pidfd_open", "pidfd_getfd",
                  "epoll_pwait2", "memfd_create", "MADV_WIPEONFORK",
                  "MADV_POPULATE_WRITE")
    yield Platform("kernel-5.10", "the kernel of Debian 11, booted under "
                   "qemu-system without KVM",
                   ["qemu-system-x86", "busybox-static", "cpio"],
                   script="boot", release="bullseye", ways="native always",
                   native_rules="fails natively on such a kernel", seconds=3600,
                   instead="hazards, natively and with policy always; the "
                   "mirror of Debian has no older kernel any more")


def _cross():
    for name, triplet, emulator, debian in (
            ("aarch64", "aarch64-linux-gnu", "aarch64", "arm64"),
            ("armhf", "arm-linux-gnueabihf", "arm", "armhf"),
            ("riscv64", "riscv64-linux-gnu", "riscv64", "riscv64"),
            ("ppc64el", "powerpc64le-linux-gnu", "ppc64le", "ppc64el"),
            ("s390x", "s390x-linux-gnu", "s390x", "s390x")):
        yield Platform(
            name, f"{triplet}, under qemu-user",
            [f"gcc-12-{triplet}", f"libc6-dev-{debian}-cross", "qemu-user-static",
             "dpkg-dev"],
            configure=[f"--host={triplet}", f"CC={triplet}-gcc-12",
                       "CFLAGS=-O2"],
            tests=CORE, ways="native always",
            wrapper=f"qemu-{emulator}-static -L /usr/{triplet}",
            own_cmocka=True, seconds=3600,
            native_rules="fails natively under qemu-user",
            # Its fork of a child that probes memory ends in qemu itself.
            left_out={"tests/unit_fdtable": "forks, and qemu-user 7.2 aborts "
                      "there by an assertion of its own (cpu_exec)"},
            instead="library and command, unit tests, and of hazards and "
            "facts those of answers, arrays, masks, timeouts, wake-ups and "
            "numbers handed out")


def _others():
    alien = "starts the machine's own programs, which are glibc's"
    late = "opens the library late: musl has no initial-exec TLS for that"
    left_out = {
        "tests/hazard_close_calls.t closed_by_pclose": alien,
        "tests/hazard_fork.t children_made_inside_libc_leave_parent_alone":
            alien,
        "tests/hazard_vfork.t vfork_child_closes_and_execs": alien,
        "tests/hazard_config.t environment_is_ignored_in_secure_execution":
            late}
    yield Platform(
        "musl", "musl libc by musl-gcc", ["musl-tools", "dpkg-dev"],
        configure=["CC=musl-gcc", "--disable-dependency-tracking"],
        tests=PROGRAMS, ways="native always", own_cmocka=True,
        native_rules="fails natively: musl does it otherwise",
        left_out=left_out,
        instead="unit tests, hazards and facts: the guards compare with "
        "glibc's own list")
    yield Platform("glibc-2.17", "the versions of glibc's symbols that the "
                   "library asks for", like="host",
                   tests="tests/guard-versions",
                   instead="one guard: no other glibc is here")
    yield Platform("dist", "make dist, built and tested from the tarball in a "
                   "PATH with neither autotools nor git", script="dist")


def every():
    for group in (_host, _i386, _compilers, _kernels, _others, _cross):
        yield from group()
