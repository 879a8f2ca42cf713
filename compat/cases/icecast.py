# SPDX-License-Identifier: MIT
import socket
import threading
import time

from suite import http
from suite.box import blob

PACKAGES = ["icecast2"]
PROGRAM = "icecast2"
HARD = ("One source is heard by two hundred listeners; threads poll single "
        "sockets, and a pool of them hands connections on.")
ROOT = True
LISTENERS = 200


def start(box):
    config = box.file("icecast.xml", f"""
<icecast>
 <limits><clients>900</clients><sources>3</sources>
  <burst-size>0</burst-size><queue-size>2000000</queue-size></limits>
 <authentication><source-password>secret</source-password>
  <admin-user>admin</admin-user><admin-password>secret</admin-password>
 </authentication>
 <hostname>localhost</hostname>
 <listen-socket><port>{box.port()}</port>
  <bind-address>127.0.0.1</bind-address></listen-socket>
 <paths><basedir>{box.dir}</basedir><logdir>{box.dir}</logdir>
  <webroot>/usr/share/icecast2/web</webroot>
  <adminroot>/usr/share/icecast2/admin</adminroot></paths>
 <logging><accesslog>access</accesslog><errorlog>error</errorlog>
  <loglevel>2</loglevel></logging>
 <security><chroot>0</chroot>
  <changeowner><user>nobody</user><group>nogroup</group></changeowner>
 </security>
</icecast>
""", 0o644)
    box.dir.chmod(0o777)
    box.start("icecast2", "-c", config, ready=box.port())


def work(box):
    source = socket.create_connection(("127.0.0.1", box.port()), timeout=10)
    source.sendall(b"SOURCE /s HTTP/1.0\r\nAuthorization: Basic "
                   b"c291cmNlOnNlY3JldA==\r\nContent-Type: audio/mpeg\r\n\r\n")
    box.check(b"200" in source.recv(4096), "the source was refused")
    data = blob(200000, "stream")
    heard = []
    threads = [threading.Thread(target=listen, args=(box, heard))
               for _ in range(LISTENERS)]
    for thread in threads:
        thread.start()
    box.until(lambda: listeners(box) == LISTENERS, "all listeners",
              seconds=120)
    for at in range(0, len(data), 4000):
        source.sendall(data[at:at + 4000])
        time.sleep(0.005)
    for thread in threads:
        thread.join(30)
    box.same("heard", [len(part) for part in heard], [150000] * LISTENERS)
    box.check(all(part in data for part in heard), "other bytes were heard")


# Few may wait for accept(), where it looks in now and then.
turn = threading.Semaphore(60)


def listen(box, heard):
    with turn:
        one = socket.create_connection(("127.0.0.1", box.port()), 150)
        one.sendall(b"GET /s HTTP/1.0\r\n\r\n")
        file = one.makefile("rb")
        while file.readline().strip():
            pass
    with one, file:
        heard.append(file.read(150000))


def listeners(box):
    time.sleep(0.2)  # Each question is another client for it.
    page = http.get(box.port(), "/status-json.xsl")[1]
    found = page.partition(b'"listeners":')[2]
    return int(found.split(b",")[0] or 0) if found else 0
