"""What a browser does with the portal's pages: a cookie, a CSRF token, and the headers that only browsers
set; and requests that no browser would send."""

import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from cases import equal
from processes import run

API = "/web/v1"
PASSWORD = "correct horse battery"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a refusal."""
        equal(self.headers["Content-Type"], "application/problem+json", "the type of a refusal")
        return self.json["code"]


class Visitor:
    """One browser. url: where the portal listens; origin: how it is named."""

    def __init__(self, url, tls_ca, origin=None):
        self.address = urlsplit(url).netloc
        self.origin = origin or url
        self.tls = ssl.create_default_context(cafile=str(tls_ca))
        self.tls.check_hostname = origin is None
        self.cookie = None
        self.csrf = None

    def send(self, method, path, body=None, headers=None):
        """Exactly these headers, beside Host; a header that is None is left out."""
        connection = http.client.HTTPSConnection(self.address, context=self.tls, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            named = {"Host": urlsplit(self.origin).netloc, **(headers or {})}
            if body is not None and "Content-Length" not in named:
                named["Content-Length"] = str(len(body))
            for name, value in named.items():
                for one in value if isinstance(value, list) else [value]:
                    if one is not None:
                        connection.putheader(name, one)
            connection.endheaders()
            if body:
                connection.send(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def headers(self):
        """What our own page's requests carry."""
        found = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            found["Cookie"] = f"__Host-session={self.cookie}"
        if self.csrf:
            found["X-CSRF-Token"] = self.csrf
        return found

    def ask(self, method, path, data=None, **headers):
        """As our page would; path is below /web/v1. headers: others, with "_" for "-"; None leaves one out."""
        named = self.headers()
        body = None
        if data is not None:
            body = data if isinstance(data, bytes) else json.dumps(data).encode()
            named["Content-Type"] = "application/json"
        named.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.send(method, API + path, body, named)

    def page(self, path, method="GET", **headers):
        return self.send(method, path, headers={n.replace("_", "-"): v for n, v in headers.items()})

    def try_log_in(self, login, password=PASSWORD):
        return self.ask("POST", "/session", {"login": login, "password": password})

    def log_in(self, login, password=PASSWORD):
        answer = self.try_log_in(login, password)
        equal(answer.status, 200, f"the log-in of {login} ({answer.body!r})")
        self.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        self.csrf = answer.json["csrf"]
        return answer


def add_user(portal, login, role, organisation=None, password=PASSWORD):
    words = ["user", "add", "--login", login, "--name", login, "--role", role]
    words += ["--organisation", organisation] if organisation else []
    run([portal.program, "--folder", portal.folder, *words], input_bytes=password.encode() + b"\n")
