# SPDX-License-Identifier: MIT
"""The host's hazards on an older Debian's kernel, booted under qemu-system.

The kernel comes from the older release's package, by a list of sources of its
own; nothing of it is installed. What it starts is an archive in memory: the
test programs and the library of the host's build, at their own paths, and of
this machine's programs those that tests/three-ways and the tests start.
"""

import os
import re
import shutil
import subprocess

import borrow
import results

THREE_WAYS = borrow.THREE_WAYS
TOOLS = ("bash sh env timeout mktemp realpath rm mkdir cat grep sed head awk "
         "true ls sleep stty").split()
PACKAGE = "linux-image-cloud-amd64"

# All that the programs say goes out by the second serial port.
INIT = """\
#!/bin/bash
export PATH=/usr/bin:/bin TMPDIR=/tmp HOME=/
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox ln -s /proc/self/fd /dev/fd
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs -o mode=1777 tmpfs /dev/shm
busybox ip link set lo up
ulimit -Hn 1048576 && ulimit -Sn 1024
stty -F /dev/ttyS1 raw
exec >/dev/ttyS1 2>&1 </dev/null
echo "# kernel $(busybox uname -r)"
cd {build}
{commands}
echo "# end"
stty -F /dev/ttyS1 sane
echo o >/proc/sysrq-trigger
sleep 60
"""


# --- The kernel -------------------------------------------------------------

def fetch_kernel(release, options, log):
    """The image in that release's package, unpacked, not installed."""
    root = options.work / f"kernel-of-{release}"
    found = sorted(root.glob("tree/boot/vmlinuz-*"))
    if found:
        return found[-1]
    (root / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    sources = root / "sources.list"
    sources.write_text(
        f"deb [arch=amd64] http://deb.debian.org/debian {release} main\n")
    asked = ["-o", f"Dir::Etc::SourceList={sources}",
             "-o", "Dir::Etc::SourceParts=/dev/null",
             "-o", f"Dir::State::Lists={root}/lists",
             "-o", f"Dir::Cache::pkgcache={root}/pkgcache.bin",
             "-o", f"Dir::Cache::srcpkgcache={root}/srcpkgcache.bin",
             "-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64",
             "-o", "APT::Sandbox::User=root"]
    options.must(["apt-get", *asked, "update", "-qq"], log)
    said = subprocess.run(["apt-cache", *asked, "depends", PACKAGE], text=True,
                          capture_output=True, check=True).stdout
    image = re.search(r"Depends: (linux-image-\S+)", said)
    if not image:
        raise options.broken(f"{release}'s {PACKAGE} names no image")
    options.must(["apt-get", *asked, "download", image.group(1)], log,
                 cwd=root)
    options.must(["dpkg-deb", "-x", *root.glob("linux-image-*.deb"),
                  root / "tree"], log)
    return next(root.glob("tree/boot/vmlinuz-*"))


# --- What it starts ---------------------------------------------------------

def libraries(program):
    """What the loader loads for it, by the paths it is looked for at."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True,
                          check=False).stdout
    return re.findall(r"(/\S+) \(0x", said)


def put(root, path, name=None):
    """A copy at the path it has here, or at another name, in the archive."""
    place = root / str(name or path).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        shutil.copy(os.path.realpath(path), place)


def lay_out(root, programs, preloaded):
    """All files but what is run."""
    shutil.rmtree(root, ignore_errors=True)
    for part in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / part).mkdir(parents=True)
        (root / part).symlink_to(f"usr/{part}")
    for part in ("proc", "sys", "dev", "etc", "tmp"):
        (root / part).mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n"
                                     "nobody:x:65534:65534::/:/bin/false\n")
    put(root, shutil.which("busybox"), "/usr/bin/busybox")
    tools = {f"/usr/bin/{name}": shutil.which(name) for name in TOOLS}
    for name, tool in tools.items():
        put(root, tool, name)
    for path in (*programs, *preloaded, THREE_WAYS):
        put(root, path)
    for path in (*tools.values(), *programs, *preloaded):
        for needed in libraries(path):
            put(root, needed)
    put(root, "/lib/x86_64-linux-gnu/libgcc_s.so.1")  # for pthread_cancel


def archive(root, commands, build, log, options):
    init = root / "init"
    init.write_text(INIT.format(build=build, commands="\n".join(commands)))
    init.chmod(0o755)
    name = root.with_name(root.name + ".cpio")
    options.must(["sh", "-c", 'cd "$1" && find . | cpio -o -H newc --quiet '
                  '>"$2"', "sh", root, name], log)
    return name


# --- Booting ----------------------------------------------------------------

def boot(kernel, memory, log, options, seconds):
    """All that was said on the second serial port."""
    said, console = (memory.with_name(memory.name.replace("cpio", name))
                     for name in ("said", "console"))
    options.must(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max",
         "-smp", "2", "-m", "2048", "-display", "none", "-no-reboot",
         "-nic", "none", "-kernel", kernel, "-initrd", memory,
         "-append", "console=ttyS0 quiet panic=-1",
         "-serial", f"file:{console}", "-serial", f"file:{said}"],
        log, seconds=seconds)
    text = said.read_text(errors="replace").replace("\r", "")
    if not text.endswith("# end\n"):
        raise options.broken(f"the kernel did not come to the end of the "
                             f"tests: see {console.name}, {said.name}")
    return text


def script_for(ways, program, *tests, build):
    """A line of the script that the kernel starts."""
    words = " ".join([f"WAYS='{ways}' TEST_SECONDS=180",
                      f"LIBEPOLLSHIM={build}/.libs/libepollshim.so",
                      str(THREE_WAYS), program, *tests])
    return f"echo '# program {program}'; {words}"


def as_automake(text):
    """A line a test, as of make check."""
    lines = []
    for part in text.split("# program ")[1:]:
        name, said = part.split("\n", 1)
        lines += borrow.as_automake(name, said)
    return "\n".join(lines)


def older_kernel(platform, options, result, log):
    build = options.work / "host"
    if not (build / ".libs" / "libepollshim.so").exists():
        raise options.broken("run portability/run host before it: its "
                             "programs are run")
    programs = sorted(f"tests/{program.name}"
                      for program in build.glob("tests/hazard_*.t"))
    kernel = fetch_kernel(platform.release, options, log)
    root = options.work / platform.name
    lay_out(root, [build / program for program in programs],
            [build / ".libs" / "libepollshim.so",
             *build.glob("tests/.libs/preload_*.so")])

    def said(asked):
        commands = [script_for(ways, program, *tests, build=build)
                    for program, ways, *tests in asked]
        memory = archive(root, commands, build, log, options)
        return boot(kernel, memory, log, options, platform.seconds)

    text = said([(program, platform.ways) for program in programs])
    (options.work / f"{platform.name}.hazards").write_text(text)
    alone = said([(program, "native", test)
                  for program, test in results.failed_natively(
                      as_automake(text))])
    result.built = "yes"
    result.notes.append("kernel "
                        + re.search(r"^# kernel (\S+)", text, re.M).group(1))
    again = results.failed_natively(as_automake(alone))
    results.read(result, as_automake(text),
                 lambda program, test: (program, test) in again)
