#!/usr/bin/env python3
"""A platform that misbehaves in every way that its client must survive.

Started by platform_server.c with a folder. Prints one line of port numbers in the order of PORTS and ends when
its standard input closes. The first part of a request's path says how it is answered; every request is
appended to FOLDER/<that part> as one line: method, path, Authorization, body.
"""

import base64
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

FOLDER = sys.argv[1]
PORTS = ("good", "wrong_host", "stranger", "old_tls", "handshake_cut", "proxy_407", "proxy_choice", "proxy_502", "closed")
BODY_LIMIT = 65536
warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is offered on purpose
LOCK = threading.Lock()
COUNTS = {}


def make_certificate(name, host):
    """A self-signed certificate; the client is told to trust those that it may."""
    path = os.path.join(FOLDER, name)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}",
         "-keyout", path + ".key", "-out", path + ".pem"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def count(mode):
    with LOCK:
        COUNTS[mode] = COUNTS.get(mode, 0) + 1
        return COUNTS[mode]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def say(self, status, body, content_type="application/json", headers=(), length=None):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None:
            self.close_connection = True

    def wished(self, body):
        """The answer that the test itself put into its request."""
        members = json.loads(body)
        for name in ("csr", "seal"):
            if name in members:
                return base64.b64decode(members[name])
        for name in ("ticket", "outcome", "profile"):
            if name in members:
                return members[name].encode()
        raise KeyError("nothing is wished for")

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        mode = self.path.split("/")[1]
        number = count(mode)
        with LOCK, open(os.path.join(FOLDER, mode), "ab") as file:
            head = f"{self.command} {self.path} {self.headers.get('Authorization')} "
            file.write(head.encode() + body + b"\n")
        getattr(self, "do_" + re.sub("-.*", "", mode))(mode, number, body)

    do_POST = do_PUT = answer

    def do_say(self, mode, number, body):
        self.say(200, self.wished(body))

    def do_accepted(self, mode, number, body):
        seconds = mode.partition("-")[2]
        self.say(202, b"{}", headers=[("Retry-After", seconds)] if seconds else [])

    def do_status(self, mode, number, body):
        self.say(int(mode.partition("-")[2]), b"{}")

    def do_html(self, mode, number, body):
        self.say(int(mode.partition("-")[2]), b"<html>log in</html>", "text/html; charset=utf-8")

    def do_code(self, mode, number, body):
        problem = {"code": mode.partition("-")[2], "title": "x", "detail": "order\n4711 " + "长" * 100}
        self.say(409, json.dumps(problem, ensure_ascii=False).encode(), "application/problem+json")

    def do_redirect(self, mode, number, body):
        self.say(307, b"{}", headers=[("Location", self.path.replace("redirect", "say"))])

    def do_truncated(self, mode, number, body):
        self.say(200, b'{"id": "', length=1000)

    def do_text(self, mode, number, body):
        self.say(200, self.wished(body), "text/plain")

    def do_untyped(self, mode, number, body):
        self.say(200, self.wished(body), None)

    def do_padded(self, mode, number, body):
        """As long as the limit plus what the mode says."""
        more = int(mode.partition("-")[2])
        self.say(200, self.wished(body).ljust(BODY_LIMIT + more))

    def do_bytes(self, mode, number, body):
        """{"seal": as many zero bytes as the mode says, "chain": as many of 8192 as it says then}"""
        seal, chain = map(int, mode.split("-")[1:])
        answer = {"seal": base64.b64encode(bytes(seal)).decode(),
                  "chain": [base64.b64encode(bytes(8192)).decode()] * chain}
        self.say(200, json.dumps(answer).encode())

    def do_chunked(self, mode, number, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b"1000\r\n" + b" " * 4096 + b"\r\n")

    def do_slow(self, mode, number, body):
        time.sleep(4)
        self.say(200, self.wished(body))

    def do_drip(self, mode, number, body):
        """A byte now and then: never stalled, never done."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "60000")
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b" ")
            time.sleep(0.1)

    def do_drop(self, mode, number, body):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_droponce(self, mode, number, body):
        self.do_drop(mode, number, body) if number == 1 else self.do_say(mode, number, body)

    def do_busyonce(self, mode, number, body):
        if number == 1:
            return self.say(429, b"{}", headers=[("Retry-After", "1")])
        return self.do_say(mode, number, body)

    def do_busylong(self, mode, number, body):
        self.say(503, b"{}", headers=[("Retry-After", "100")])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass


def serve_tls(certificate, old=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate + ".pem", certificate + ".key")
    if old:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return Server(context).server_port


REFUSED = b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"
CHOICE = (b"HTTP/1.1 407 Log in\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=x\r\n"
          b"Connection: close\r\nContent-Length: 0\r\n\r\n")


def serve_bytes(answer, answer_to_login=None):
    """Reads what comes first, answers with fixed bytes (others to who logs in) and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            connection, _ = listener.accept()
            with connection:
                logs_in = b"Proxy-Authorization: Basic" in connection.recv(65536)
                connection.sendall(answer_to_login if logs_in and answer_to_login else answer)

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def main():
    good = make_certificate("good", "IP:127.0.0.1")
    wrong_host = make_certificate("wrong_host", "DNS:other.example")
    stranger = make_certificate("stranger", "IP:127.0.0.1")
    with open(os.path.join(FOLDER, "ca.pem"), "w", encoding="ascii") as trusted:
        for path in (good, wrong_host):
            with open(path + ".pem", encoding="ascii") as certificate:
                trusted.write(certificate.read())
    ports = {
        "good": serve_tls(good),
        "wrong_host": serve_tls(wrong_host),
        "stranger": serve_tls(stranger),
        "old_tls": serve_tls(good, old=True),
        "handshake_cut": serve_bytes(b""),
        "proxy_407": serve_bytes(b"HTTP/1.1 407 Log in\r\nProxy-Authenticate: Basic realm=x\r\n"
                                 b"Content-Length: 0\r\n\r\n"),
        "proxy_choice": serve_bytes(CHOICE, REFUSED),
        "proxy_502": serve_bytes(REFUSED),
        "closed": closed_port(),
    }
    print(*(ports[name] for name in PORTS), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
