"""ukeyd as a process, spoken to as a platform's page and as the user's terminal would."""

import http.client
import json
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from processes import PATIENCE, Process, ScenarioError, clean_environment, run, wait_until
from websocket import EventStream

PORT = 27510
PLAIN_PORT = 27511
PLATFORM = "sunshine"
OVER = ("done", "failed", "cancelled", "unconfirmed")

CONFIG = """[agent]
pinentry = {pinentry}
prompt_seconds = {prompt_seconds}

[platform {platform}]
name = 阳光采购服务平台
origin = {origin}
api = {api}
tls_ca = {tls_ca}
roots = {roots}
proxy =
"""


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Agent:
    def __init__(self, programs, folder, portal, pinentry, api=None, tls_ca=None, prompt_seconds=60,
                 trace=None):
        """api, tls_ca: of what stands between agent and platform, None: nothing. trace: the file of
        --trace, None: none."""
        self.programs = programs
        self.folder = Path(folder)
        self.origin = portal.origin
        self.env = clean_environment(self.folder)
        self.state = self.folder / "state"
        self.socket = Path(self.env["XDG_RUNTIME_DIR"]) / "ukeyd" / "ukeyd.sock"
        self.config = self.folder / "ukeyd.conf"
        self.config.write_text(
            CONFIG.format(
                pinentry=pinentry,
                prompt_seconds=prompt_seconds,
                platform=PLATFORM,
                origin=portal.origin,
                api=api or portal.api,
                tls_ca=tls_ca or portal.tls_ca,
                roots=portal.roots,
            )
        )
        self.trace = trace
        self.process = None
        self.tls = None

    def arguments(self):
        traced = ["--trace", self.trace] if self.trace else []
        return [self.programs / "ukeyd", "--config", self.config, "--state", self.state, *traced]

    def start(self, **env):
        """Runs it until it listens. env: further variables, such as DISPLAY."""
        arguments = [*self.arguments(), "--log-level", "debug"]
        self.process = Process("ukeyd", arguments, self.folder, env={**self.env, **env})
        self.process.wait_for_line("listening on")
        certificate = self.state / "identity" / "loopback.pem"
        self.tls = ssl.create_default_context(cafile=str(certificate))

    def stop(self):
        if self.process:
            status = self.process.stop()
            self.process = None
            return status
        return None

    def kill(self):
        self.process.kill()
        self.process = None

    # ---- the page's side ----

    def request(self, method, path, body=None, origin=True, headers=(), seconds=90):
        """One request over HTTPS. origin: True is the platform's own, None sends none. body: an object
        that becomes JSON, or bytes as they are. headers: pairs that replace or (None) remove."""
        sent = {"Accept-Language": "zh-CN"}
        if origin:
            sent["Origin"] = self.origin if origin is True else origin
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(dict(headers))
        sent = {name: value for name, value in sent.items() if value is not None}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", PORT, context=self.tls, timeout=seconds
        )
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path, **options):
        answer = self.request("GET", path, **options)
        if answer.status != 200:
            raise ScenarioError(f"GET {path}: {answer.status} {answer.body!r}")
        return answer.json

    def token(self, told="pin"):
        """The one key that is there, as soon as it tells this member: pcscd takes a while to start a key."""
        return wait_until(
            lambda: next((t for t in self.get("/v1/tokens")["tokens"] if t.get(told)), None),
            PATIENCE,
            f"a key tells its {told}",
        )

    def start_operation(self, kind, ticket=None, token=None):
        """Its representation, from the 202."""
        asked = {"kind": kind, "ticket": ticket, "token": token}
        answer = self.request(
            "POST", "/v1/operations", {k: v for k, v in asked.items() if v is not None}
        )
        if answer.status != 202:
            raise ScenarioError(f"POST /v1/operations: {answer.status} {answer.body!r}")
        operation = answer.json
        assert answer.headers["location"] == f"/v1/operations/{operation['id']}"
        return operation

    def operation(self, operation_id, wait=0, language="zh-CN"):
        path = f"/v1/operations/{operation_id}?wait={wait}"
        return self.get(path, headers=[("Accept-Language", language)])

    def wait_for(self, operation_id, wanted, seconds=60):
        """The operation as soon as wanted(operation) is true."""
        end = time.monotonic() + seconds
        operation = self.operation(operation_id)
        while not wanted(operation):
            if time.monotonic() > end:
                raise ScenarioError(f"not within {seconds} s: {operation}")
            operation = self.operation(operation_id, wait=1)
        return operation

    def wait_over(self, operation_id, seconds=60):
        return self.wait_for(operation_id, lambda o: o["state"] in OVER, seconds)

    def perform(self, kind, ticket=None, token=None, seconds=60):
        """Starts an operation and waits for its end."""
        return self.wait_over(self.start_operation(kind, ticket, token)["id"], seconds)

    def events(self, origin=True, **options):
        return EventStream(self.tls, PORT, self.origin if origin is True else origin, **options)

    # ---- the terminal's side ----

    def ctl(self, *words, input_text=None, ok=(0,), seconds=90):
        """Runs ukeyctl; the finished process."""
        return run(
            [self.programs / "ukeyctl", "--socket", self.socket, *words],
            input_bytes=None if input_text is None else input_text.encode(),
            env=self.env,
            ok=ok,
            seconds=seconds,
        )
