# SPDX-License-Identifier: MIT
import json

PACKAGES = ["iperf3"]
PROGRAM = "iperf3"
HARD = ("select() with copies of standing sets, whole throughput through "
        "eight streams, and select(0) as a sleep.")


def start(box):
    box.start("iperf3", "-s", "-B", "127.0.0.1", "-p", box.port(),
              ready=box.port())


def work(box):
    for name, more in (("there", ()), ("back", ("-R",))):
        out = box.run("iperf3", "-c", "127.0.0.1", "-p", box.port(), "-n",
                      "32M", "-P", "8", "-J", *more)
        report = json.loads(out)
        box.check("error" not in report, f"{report.get('error')}")
        end = report["end"]
        box.check(end["sum_sent"]["bytes"] >= 32 << 20,
                  f"{name}: {end['sum_sent']['bytes']} bytes sent")
        box.saw(f"{name}: streams", len(end["streams"]))
