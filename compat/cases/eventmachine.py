# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["ruby-eventmachine", "ruby"]
PROGRAM = "eventmachine"
HARD = ("A reactor in C++ that fills sets larger than an fd_set anew for each "
        "call, beside an interpreter that selects by itself.")

SERVER = """
require "eventmachine"
module Echo
  def receive_data(data) send_data(data) end
  def unbind; end
end
trap("TERM") { exit! 0 }
EM.epoll = false
EM.run { EM.start_server("127.0.0.1", ARGV[0].to_i, Echo) }
"""


def start(box):
    script = box.file("server.rb", SERVER)
    box.start("ruby", script, box.port(), ready=box.port(),
              name="eventmachine")


def work(box):
    backend.echo_crowd(box, box.port(), half=False)
