# SPDX-License-Identifier: MIT
from suite import backend, http
from suite.box import blob

PACKAGES = ["nginx-light"]
PROGRAM = "nginx"
HARD = ("Two worker processes, forked as another user, share one listening "
        "socket; each request opens a connection to the server behind.")
UNTOUCHED = "it waits by epoll of its own; Debian's knows nothing else"
ROOT = True


def start(box):
    box.directory("root")
    box.payload("root/big", 200000)
    box.file("files/behind", blob(70000, "behind"))
    behind = backend.files(box, box.path("files"))
    config = box.file("nginx.conf", f"""
user nobody nogroup;
worker_processes 2;
pid {box.path('pid')};
error_log stderr error;
daemon off;
events {{ worker_connections 600; }}
http {{
    access_log off;
    client_body_temp_path {box.path('body')};
    proxy_temp_path {box.path('proxy')};
    fastcgi_temp_path {box.path('fastcgi')};
    uwsgi_temp_path {box.path('uwsgi')};
    scgi_temp_path {box.path('scgi')};
    server {{
        listen 127.0.0.1:{box.port()};
        root {box.path('root')};
        location /behind {{ proxy_pass http://127.0.0.1:{behind}; }}
    }}
}}
""")
    box.start("/usr/sbin/nginx", "-e", "stderr", "-p", box.dir, "-c", config,
              ready=box.port())


def work(box):
    http.http_crowd(box, box.port(), "/big", blob(200000), clients=300,
                    half=True)
    http.http_crowd(box, box.port(), "/behind", blob(70000, "behind"),
                    clients=60, name="proxy crowd")
    box.same("missing", http.get(box.port(), "/none")[0], 404)
