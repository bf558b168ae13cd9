"""Stands between agent and platform, over TLS, and spoils what a rule tells it to."""

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tls_server import make_server_identity

JSON_TYPE = "application/json"


@dataclass
class Reply:
    status: int
    content_type: str
    body: bytes
    half: bool = False  # announce the whole body, send half of it
    headers: tuple = ()  # pairs


# What may happen to a request. forward() asks the real platform and gives its Reply (forward(change)
# edits the request before); an action returns the Reply that the agent gets, or None to hang up.


def reply(status, content_type, body, headers=()):
    """The platform never hears of it."""
    return lambda forward: Reply(status, content_type, body, headers=headers)


def hang_up(forward):
    return None


def act_then_hang_up(forward):
    """The platform acted, the agent never learns of it."""
    forward()
    return None


def slow(seconds):
    def act(forward):
        time.sleep(seconds)
        return forward()

    return act


def retyped(content_type):
    """The platform's answer under another content type."""

    def act(forward):
        answer = forward()
        answer.content_type = content_type
        return answer

    return act


def edited(change):
    """change(answer) edits the platform's JSON in place."""

    def act(forward):
        answer = forward()
        document = json.loads(answer.body)
        change(document)
        return Reply(answer.status, answer.content_type, json.dumps(document).encode())

    return act


def asked(change):
    """change(request) edits the agent's JSON in place, before the platform gets it."""
    return lambda forward: forward(change)


def changed(body, change):
    if change is None:
        return body
    document = json.loads(body)
    change(document)
    return json.dumps(document).encode()


def truncated(forward):
    """Announces the whole body and sends half of it."""
    answer = forward()
    answer.half = True
    return answer


def server_context(bundle):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    return context


@dataclass
class Rule:
    method: str
    path_end: str  # the path ends with this
    action: object
    times: int  # how often it applies, then the platform answers itself


class FaultyPortal:
    def __init__(self, folder, origin, tls_ca):
        bundle, self.tls_ca = make_server_identity(folder)
        self.platform = origin.removeprefix("https://")
        self.platform_tls = ssl.create_default_context(cafile=str(tls_ca))
        self.rules = []
        self.count_anew()
        self.answers = []  # (method, path, document) that the platform gave
        self.bodies = []  # of requests and of the platform's answers
        self.lock = threading.Lock()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                pass

            def do_POST(self):
                portal.handle(self)

            do_PUT = do_GET = do_POST

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                plain, address = self.socket.accept()
                return portal.secured(plain), address

        self.context = server_context(bundle)
        self.impostor = server_context(make_server_identity(folder / "impostor")[0])
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # the agent may hang up whenever it likes
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def api(self):
        return f"https://127.0.0.1:{self.server.server_address[1]}/agent/v1"

    def count_anew(self):
        """What is spoiled by number is counted from now on."""
        self.requests = []  # "PUT /agent/v1/jobs/…/request", in order
        self.arrived = []  # when each came, in seconds
        self.connections = 0
        self.by_number = {}
        self.impostor_at = None  # this connection meets a server with another certificate

    def secured(self, plain):
        """The handshake is left to the connection's own thread."""
        self.connections += 1
        context = self.impostor if self.connections == self.impostor_at else self.context
        return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)

    def spoil_nth(self, nth, action):
        """The n-th request, whatever it is."""
        self.by_number[nth] = action

    def spoil(self, method, path_end, action, times=1_000_000):
        self.rules.append(Rule(method, path_end, action, times))

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def _action(self, method, path):
        with self.lock:
            self.requests.append(f"{method} {path}")
            self.arrived.append(time.monotonic())
            if len(self.requests) in self.by_number:
                return self.by_number[len(self.requests)]
            for rule in self.rules:
                if rule.method == method and path.endswith(rule.path_end) and rule.times > 0:
                    rule.times -= 1
                    return rule.action
        return lambda forward: forward()

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        action = self._action(handler.command, handler.path)
        self.bodies.append(body)
        answer = action(lambda change=None: self._forward(handler, changed(body, change)))
        if answer is None:
            handler.close_connection = True
            return
        sent = answer.body
        if answer.half:
            sent = sent[: len(sent) // 2]
            handler.close_connection = True
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        handler.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(sent)

    def _forward(self, handler, body):
        connection = http.client.HTTPSConnection(
            self.platform, context=self.platform_tls, timeout=30
        )
        kept = ("Content-Type", "Authorization", "Accept-Language", "Accept")
        headers = {name: handler.headers[name] for name in kept if handler.headers[name]}
        try:
            connection.request(handler.command, handler.path, body=body, headers=headers)
            answer = connection.getresponse()
            got = Reply(answer.status, answer.getheader("Content-Type") or JSON_TYPE, answer.read())
        finally:
            connection.close()
        self.bodies.append(got.body)
        if got.content_type.startswith(JSON_TYPE):
            with self.lock:
                self.answers.append((handler.command, handler.path, json.loads(got.body)))
        return got
