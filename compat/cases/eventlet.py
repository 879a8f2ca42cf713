# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["python3-eventlet"]
PROGRAM = "eventlet"
MODES = ["poll", "select"]
HARD = ("Green threads whose hub registers a listener for each single wait, "
        "and forgets it before the next.")

SERVER = """
import signal, sys
import eventlet, eventlet.hubs
eventlet.hubs.use_hub({"poll": "poll", "select": "selects"}[sys.argv[2]])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
def serve(one, _):
    try:
        while data := one.recv(65536):
            one.sendall(data)
    except OSError:
        pass
    finally:
        one.close()
eventlet.serve(eventlet.listen(("127.0.0.1", int(sys.argv[1])), backlog=300),
               serve)
"""


def start(box):
    script = box.file("server.py", SERVER)
    box.start("/usr/bin/python3", script, box.port(), box.mode,
              ready=box.port(), name="eventlet")


def work(box):
    backend.echo_crowd(box, box.port())
