# SPDX-License-Identifier: MIT
import re

from suite import dns

PACKAGES = ["unbound", "bind9-dnsutils"]
PROGRAM = "unbound"
MODES = ["poll", "select"]
HARD = ("Two threads, each with libevent's set of UDP and TCP sockets and a "
        "pipe to the others.")


def start(box):
    hosts = "\n".join(f'  local-data: "h{n}.test. A {dns.address(n)}"'
                      for n in range(300))
    config = box.file("unbound.conf", f"""
server:
  interface: 127.0.0.1
  port: {box.port()}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{box.dir}"
  pidfile: "{box.path('pid')}"
  use-syslog: no
  num-threads: 2
  incoming-num-tcp: 300
  module-config: "iterator"
  local-zone: "test." static
{hosts}
remote-control:
  control-enable: no
""")
    env = {"EVENT_NOEPOLL": "1"}
    if box.mode == "select":
        env["EVENT_NOPOLL"] = "1"
    box.start("/usr/sbin/unbound", "-d", "-c", config, env=env,
              ready=box.port())


def work(box):
    for name, more in (("udp", ()), ("tcp", ("+tcp",)),
                       ("kept open", ("+tcp", "+keepopen"))):
        batch = box.file(f"names.{name}", "".join(
            f"h{n}.test A\n" for n in range(100)))
        out = box.plain("dig", "@127.0.0.1", "-p", box.port(), "+short",
                        *more, "-f", batch).decode()
        box.same(name, out.split(), [dns.address(n) for n in range(100)])
    dns.tcp_crowd(box, box.port())
    box.check(re.search("start of service", box.log("unbound")), "no start")
