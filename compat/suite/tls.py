# SPDX-License-Identifier: MIT
"""A certificate that the box signs for itself."""


def certificate(box, days=2):
    """One file with key and certificate."""
    box.plain("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
              "ec_paramgen_curve:prime256v1", "-nodes", "-days", days,
              "-subj", "/CN=localhost", "-keyout", box.path("key.pem"),
              "-out", box.path("cert.pem"))
    both = (box.dir / "key.pem").read_bytes() + \
        (box.dir / "cert.pem").read_bytes()
    return box.file("both.pem", both, 0o600)
