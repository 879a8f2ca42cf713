# SPDX-License-Identifier: MIT
PACKAGES = ["fping"]
PROGRAM = "fping"
HARD = "A raw socket in select() with timeouts of fractions of milliseconds."
ROOT = True


def work(box):
    hosts = "".join(f"127.0.{n // 250}.{n % 250 + 1}\n" for n in range(400))
    out = box.run("fping", "-a", "-i", "1", "-r", "2", input=hosts.encode())
    box.same("alive", sorted(out.decode().split()), sorted(hosts.split()))
