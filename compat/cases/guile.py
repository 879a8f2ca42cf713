# SPDX-License-Identifier: MIT
from suite import backend

PACKAGES = ["guile-3.0"]
PROGRAM = "guile"
HARD = ("Its select() takes lists of ports, some of which have buffered "
        "already, and watches a pipe of its own for signals besides.")

SERVER = """
(use-modules (rnrs bytevectors) (ice-9 binary-ports) (srfi srfi-1))
(sigaction SIGPIPE SIG_IGN)
(define listener (socket PF_INET SOCK_STREAM 0))
(setsockopt listener SOL_SOCKET SO_REUSEADDR 1)
(bind listener AF_INET INADDR_LOOPBACK (string->number (cadr (command-line))))
(listen listener 300)
(define buffer (make-bytevector 65536))
(define (serve one)
  (catch #t
    (lambda ()
      (let ((n (recv! one buffer)))
        (let loop ((at 0))
          (when (< at n)
            (let ((part (make-bytevector (- n at))))
              (bytevector-copy! buffer at part 0 (- n at))
              (loop (+ at (send one part))))))
        (> n 0)))
    (lambda _ #f)))
(let loop ((clients '()))
  (let* ((ready (car (select (cons listener clients) '() '())))
         (gone (remove serve (delete listener ready)))
         (new (if (memq listener ready) (list (car (accept listener))) '())))
    (for-each close-port gone)
    (loop (append new (lset-difference eq? clients gone)))))
"""


def start(box):
    script = box.file("server.scm", SERVER)
    box.start("guile", "--no-auto-compile", "-s", script, box.port(),
              ready=box.port(), seconds=40)


def work(box):
    backend.echo_crowd(box, box.port(), size=3000)
