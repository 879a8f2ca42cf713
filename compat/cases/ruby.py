# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["ruby"]
PROGRAM = "ruby"
HARD = ("IO.select without the interpreter's lock, from several threads at "
        "once, and ppoll() wherever one descriptor is waited for.")

SERVER = r"""
require "socket"
listener = TCPServer.new("127.0.0.1", ARGV[0].to_i)
listener.listen(300)
trap("TERM") { exit! 0 }
clients = []
ticks = Thread.new { loop { IO.select(nil, nil, nil, 0.01) } }
loop do
  ready, = IO.select([listener, *clients])
  ready.each do |io|
    if io == listener
      clients << listener.accept
    else
      begin
        io.write(io.readpartial(65536))
      rescue EOFError, Errno::ECONNRESET, Errno::EPIPE
        clients.delete(io)
        io.close
      end
    end
  end
end
"""


def start(box):
    script = box.file("server.rb", SERVER)
    box.start("ruby", "--disable-gems", script, box.port(), ready=box.port(),
              name="ruby")


def work(box):
    backend.echo_crowd(box, box.port(), size=8000)
