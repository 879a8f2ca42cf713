# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["lua-socket", "lua5.3"]
PROGRAM = "lua5.3"
HARD = "socket.select() on tables, with poll() for each single socket."

SERVER = r"""
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", tonumber(arg[1]), 300))
local all = {listener}
while true do
    local ready = socket.select(all, nil, 5)
    for _, one in ipairs(ready) do
        if one == listener then
            local client = listener:accept()
            if client then
                client:settimeout(0)
                all[#all + 1] = client
            end
        else
            local data, err, part = one:receive(65536)
            data = data or part
            if data and #data > 0 then
                one:settimeout(10)
                one:send(data)
                one:settimeout(0)
            end
            if err == "closed" then
                for i, each in ipairs(all) do
                    if each == one then table.remove(all, i) break end
                end
                one:close()
            end
        end
    end
end
"""


def start(box):
    script = box.file("server.lua", SERVER)
    box.start("lua5.3", script, box.port(), ready=box.port())


def work(box):
    backend.echo_crowd(box, box.port(), size=8000)
