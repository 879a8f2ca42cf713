# SPDX-License-Identifier: MIT
import socket

PACKAGES = ["nmap"]
PROGRAM = "nmap"
MODES = ["poll", "select", "epoll"]
HARD = ("Hundreds of non-blocking connects, most of them refused, and their "
        "errors fetched; then a service detection with timers.")


def start(box):
    box.open = []
    box.first = box.port("p0")
    for number in range(0, 20, 3):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", box.first + number))
        listener.listen(50)
        box.open.append(listener)


def work(box):
    ports = f"{box.first}-{box.first + 19}"
    out = box.run("nmap", "-sT", "-Pn", "-n", "--unprivileged",
                  f"--nsock-engine={box.mode}", "-p", ports, "-oG", "-",
                  "--script", "banner", "--script-args", "banner.timeout=1s",
                  "127.0.0.1").decode()
    found = [word.split("/")[0] for line in out.splitlines()
             if "Ports:" in line for word in line.split("Ports: ")[1].split(
                 ", ") if "/open/" in word]
    box.same("open", [int(port) - box.first for port in found],
             list(range(0, 20, 3)))
