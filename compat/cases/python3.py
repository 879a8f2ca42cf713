# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["python3-minimal"]
PROGRAM = "python3.11"
MODES = ["poll", "select", "threads"]
HARD = ("selectors over poll and select, and sub-processes made by vfork() "
        "whose pipes are read meanwhile; a thread per client in the third.")

SERVER = r"""
import selectors, signal, socket, sys
kind = {"poll": selectors.PollSelector, "select": selectors.SelectSelector}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=300)
selector = kind[sys.argv[2]]()
selector.register(listener, selectors.EVENT_READ)
left = {}
while True:
    for key, events in selector.select():
        one = key.fileobj
        if one is listener:
            client = listener.accept()[0]
            client.setblocking(False)
            left[client] = b""
            selector.register(client, selectors.EVENT_READ)
            continue
        try:
            data = one.recv(65536) if events & selectors.EVENT_READ else None
            left[one] += data or b""
            left[one] = left[one][one.send(left[one]):]
        except BlockingIOError:
            pass
        except OSError:
            data = left[one] = b""
        if data == b"" and not left[one]:
            selector.unregister(one)
            del left[one]
            one.close()
        else:
            selector.modify(one, selectors.EVENT_READ |
                            (selectors.EVENT_WRITE if left[one] else 0))
"""

THREADS = r"""
import select, signal, socket, subprocess, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=300)
def serve(one):
    with one, subprocess.Popen(["cat"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, bufsize=0) as cat:
        waiter = select.poll()
        waiter.register(one, select.POLLIN)
        waiter.register(cat.stdout, select.POLLIN)
        try:
            while True:
                for fd, _ in waiter.poll():
                    if fd == one.fileno():
                        data = one.recv(4096)
                        if data:
                            cat.stdin.write(data)
                        else:
                            waiter.unregister(one)
                            cat.stdin.close()
                    elif data := cat.stdout.read(4096):
                        one.sendall(data)
                    else:
                        return
        except OSError:
            pass
        finally:
            cat.stdin.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
"""


def start(box):
    script = box.file("server.py", THREADS if box.mode == "threads"
                      else SERVER)
    box.start("/usr/bin/python3.11", "-S", script, box.port(), box.mode,
              ready=box.port())


def work(box):
    if box.mode == "threads":
        backend.echo_crowd(box, box.port(), size=3000)
    else:
        backend.echo_crowd(box, box.port(), clients=300, size=50000)
