# SPDX-License-Identifier: MIT
"""Installs the programs, and knows their versions."""

import os
import shutil
import subprocess
import sys

# Debian starts a server as soon as it is installed; here it is wanted as a
# program only. This file is how to say so.
POLICY = "/usr/sbin/policy-rc.d"

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def version(package):
    """The installed version, or None."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package],
        capture_output=True, text=True, check=False)
    status, _, number = answer.stdout.partition(" ")
    return number if status == "installed" else None


def unpack(name, directory):
    """Unpacks a package where nothing else is, for one that Debian lets
    nobody install beside its rivals; returns its version, or None."""
    os.makedirs(directory)
    # A machine that has installed nothing may have no lists yet.
    if _apt("download", name, cwd=directory) and not _apt("update"):
        _apt("download", name, cwd=directory)
    for file in os.listdir(directory):
        path = os.path.join(directory, file)
        subprocess.run(["dpkg-deb", "-x", path, directory], check=True)
        os.unlink(path)
        return file.split("_")[1].replace("%3a", ":")
    return None


def _forbid_services():
    try:
        fd = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w") as file:
        file.write("#!/bin/sh\nexit 101\n")
    os.chmod(POLICY, 0o755)
    return True


def _apt(*words, cwd=None):
    """Waits for another apt, as long as that is reasonable."""
    return subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words],
        check=False, cwd=cwd, **QUIET,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode


def _get(names):
    return _apt("install", "-y", "--no-install-recommends", *names) == 0


def install(wanted, say):
    """Installs what is missing of WANTED; returns what could not be."""
    if not shutil.which("dpkg-query"):
        sys.exit("compat: the programs are Debian's packages; run it on "
                 "Debian, or in a root made by debootstrap")
    missing = [name for name in sorted(wanted) if not version(name)]
    if not missing:
        return []
    if os.geteuid() != 0:
        say(f"not installed (only root can): {' '.join(missing)}")
        return missing
    say(f"installing from Debian's packages: {' '.join(missing)}")
    ours = _forbid_services()
    try:
        if not _get(missing):
            _apt("update")
            # One by one: a package that fails must not keep others away.
            if not _get(missing):
                for name in missing:
                    _get([name])
    finally:
        if ours:
            os.unlink(POLICY)
    return [name for name in missing if not version(name)]
