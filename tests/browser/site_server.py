"""Web sites of a test: each path has a fixed answer. Reached as portal.test, other.test, localhost and
127.0.0.1."""

import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from processes import run

NAMES = "DNS:portal.test,DNS:other.test,DNS:localhost,IP:127.0.0.1"
HTML = "text/html; charset=utf-8"


@dataclass
class Identity:
    ca: Path
    bundle: Path  # certificate and key


def make_identity(folder):
    """A throw-away CA, and a certificate for all names."""
    folder.mkdir()
    ca_key, ca = folder / "ca.key", folder / "ca.pem"
    key, request, certificate = (folder / n for n in ("server.key", "server.csr", "server.pem"))
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(
        ["openssl", "req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "2"]
        + ["-subj", "/CN=Test sites CA"]
    )
    run(["openssl", "req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=Test sites"])
    extensions = folder / "server.ext"
    extensions.write_text(f"subjectAltName={NAMES}\nextendedKeyUsage=serverAuth\n")
    run(
        ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-days", "2"]
        + ["-CAcreateserial", "-extfile", extensions, "-out", certificate]
    )
    bundle = folder / "bundle.pem"
    bundle.write_text(certificate.read_text() + key.read_text())
    return Identity(ca, bundle)


class Site:
    def __init__(self, port, answers, identity):
        """answers: path (without its query) -> {"status", "headers", "body"}, each optional; "" answers
        all other paths. identity None: plain HTTP."""
        self.requests = []  # {"method", "path", "headers"}, in order
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                pass

            def do_GET(self):
                site.handle(self, answers)

            do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a browser may hang up whenever it likes
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity.bundle)
            # Not in accept(): one silent connection would hold up all others.
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, handler, answers):
        path = handler.path.partition("?")[0]
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        seen = {"method": handler.command, "path": handler.path, "headers": dict(handler.headers)}
        self.requests.append(seen)
        answer = answers.get(path) or answers.get("") or {"status": 404}
        body = answer.get("body", "").encode()
        headers = {"Content-Type": HTML, **answer.get("headers", {}), "Content-Length": len(body)}
        handler.send_response(answer.get("status", 200))
        for name, value in headers.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
