# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["php-cli"]
PROGRAM = "php"
MODES = ["stream_select", "built-in"]
HARD = ("stream_select() with arrays of streams, some of which have buffered "
        "already; and the built-in web server's own poll or select.")

SERVER = r"""<?php
$listener = stream_socket_server("tcp://127.0.0.1:" . $argv[1]);
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () { exit(0); });
$all = [0 => $listener];
while (true) {
    $read = $all; $write = null; $except = null;
    if (!@stream_select($read, $write, $except, 10)) continue;
    foreach ($read as $one) {
        if ($one === $listener) {
            $client = @stream_socket_accept($listener, 0);
            if ($client) $all[(int)$client] = $client;
        } else {
            $data = @fread($one, 65536);
            if ($data === false || $data === "") {
                unset($all[(int)$one]);
                fclose($one);
            } else {
                @fwrite($one, $data);
            }
        }
    }
}
"""


def start(box):
    if box.mode == "built-in":
        box.payload("root/big", 100000)
        words = ["-S", f"127.0.0.1:{box.port()}", "-t", box.path("root")]
    else:
        words = [box.file("server.php", SERVER), box.port()]
    box.start("php", "-n", *words, ready=box.port())


def work(box):
    if box.mode == "built-in":
        http.http_crowd(box, box.port(), "/big", blob(100000), keep=False)
    else:
        backend.echo_crowd(box, box.port(), size=8000)
