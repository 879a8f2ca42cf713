# SPDX-License-Identifier: MIT
from suite import dns

PACKAGES = ["nsd"]
PROGRAM = "nsd"
MODES = ["poll", "select"]
HARD = ("Servers forked from a server that waits for them through pipes; "
        "each waits for questions and for its connections in one set.")


def start(box):
    box.file("zone", "$ORIGIN test.\n@ 60 SOA a b 1 60 60 60 60\n" + "".join(
        f"h{n} 60 A {dns.address(n)}\n" for n in range(400)))
    config = box.file("nsd.conf", f"""
server:
  ip-address: 127.0.0.1
  port: {box.port()}
  username: ""
  zonesdir: "{box.dir}"
  database: ""
  pidfile: "{box.path('pid')}"
  zonelistfile: "{box.path('zones')}"
  xfrdfile: "{box.path('xfrd')}"
  xfrdir: "{box.dir}"
  server-count: 2
  tcp-count: 300
  tcp-timeout: 60
remote-control:
  control-enable: no
zone:
  name: "test"
  zonefile: "zone"
""")
    env = {"EVENT_NOEPOLL": "1"}
    if box.mode == "select":
        env["EVENT_NOPOLL"] = "1"
    box.start("/usr/sbin/nsd", "-d", "-c", config, env=env, ready=box.port())


def work(box):
    dns.udp_questions(box, box.port())
    dns.tcp_crowd(box, box.port())
