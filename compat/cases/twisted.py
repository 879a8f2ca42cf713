# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["python3-twisted"]
PROGRAM = "twistd"
MODES = ["poll", "select"]
HARD = ("A reactor that registers and unregisters its interest in writing for "
        "each piece; a self-pipe wakes it from signals and threads.")

SERVICE = """
from twisted.application import internet, service
from twisted.internet import interfaces, protocol
from zope.interface import implementer

@implementer(interfaces.IHalfCloseableProtocol)
class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)
    def readConnectionLost(self):
        self.transport.loseConnection()  # Once all has been written.
    def writeConnectionLost(self):
        pass

factory = protocol.ServerFactory()
factory.protocol = Echo
application = service.Application("echo")
internet.TCPServer(PORT, factory, backlog=300, interface="127.0.0.1"
                   ).setServiceParent(application)
"""


def start(box):
    box.last_words = True
    script = box.file("echo.tac", SERVICE.replace("PORT", str(box.port())))
    box.start("/usr/bin/python3", "/usr/bin/twistd3", "-n", "-r", box.mode,
              "-y", script, "--pidfile", box.path("pid"), ready=box.port(),
              name="twistd")


def work(box):
    backend.echo_crowd(box, box.port(), clients=300, size=40000)
