"""The portal's pages and their interface, as a browser and as somebody worse asks them: log-in, CSRF,
roles, limits, and what each answer carries."""

import hashlib
import http.client
import os
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from cases import Suite, equal
from processes import Process
from web_client import API, PASSWORD, Visitor, add_user

suite = Suite()

ORGANISATION = "测试1023"
NOW = 1_795_000_000  # 2026-11-18, for the cases about time


class Site:
    """The world's portal with an administrator, a reviewer and two bidders, whose names are the case's."""

    def __init__(self, world):
        self.portal = world.portal
        self.mark = f"c{world.number}"
        if ORGANISATION not in self.portal.organisations:
            self.portal.admin("organisation", "add", "--name", ORGANISATION)
            self.portal.organisations.add(ORGANISATION)
        for name, role in (
            ("admin", "administrator"),
            ("reviewer", "reviewer"),
            ("bidder", "bidder"),
            ("other", "bidder"),
        ):
            organisation = ORGANISATION if role == "bidder" else None
            add_user(self.portal, self.login(name), role, organisation)

    def login(self, name):
        return f"{name}.{self.mark}"

    def visitor(self, name=None, url=None):
        visitor = Visitor(url or self.portal.origin, self.portal.tls_ca)
        if name:
            visitor.log_in(self.login(name))
        return visitor


# ---- sessions ----


@suite.case("a log-in gives a cookie that scripts and other sites can't use")
def cookie(world):
    site = Site(world)
    visitor = site.visitor()
    answer = visitor.log_in(site.login("bidder"))
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    equal(name, "__Host-session", "the cookie's name")
    attributes = sorted(part.strip() for part in rest.split(";")[1:])
    equal(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"], "its attributes")
    equal(len(bytes.fromhex(visitor.cookie)), 32, "its random bytes")
    session = visitor.ask("GET", "/session")
    equal(session.json["user"]["login"], site.login("bidder"), "who is logged in")
    equal(session.json["user"]["organisation"], ORGANISATION, "the organisation")
    assert visitor.cookie not in session.body.decode(), "the page's script sees the cookie"
    equal(visitor.ask("DELETE", "/session").status, 204, "logging out")
    equal(visitor.ask("GET", "/session").code, "not-logged-in", "the session afterwards")


@suite.case("a session that was planted before the log-in is worth nothing")
def fixation(world):
    site = Site(world)
    thief = site.visitor("other")
    victim = site.visitor()
    victim.cookie = thief.cookie
    victim.log_in(site.login("bidder"))
    assert victim.cookie != thief.cookie, "the planted token was taken over"
    equal(thief.ask("GET", "/session").code, "not-logged-in", "the planted session")


@suite.case("wrong passwords, unknown and disabled users are answered alike")
def alike(world):
    site = Site(world)
    site.portal.admin("user", "disable", "--login", site.login("other"))
    visitor = site.visitor()
    answers = {
        visitor.try_log_in(login, password).body
        for login, password in (
            (site.login("bidder"), "wrong"),
            (site.login("other"), PASSWORD),
            ("nobody", PASSWORD),
        )
    }
    equal(len(answers), 1, "different answers")
    assert b'"login-failed"' in answers.pop()


@suite.case("a disabled user is out at once, by the command too")
def disabled(world):
    site = Site(world)
    bidder, admin = site.visitor("bidder"), site.visitor("admin")
    site.portal.admin("user", "disable", "--login", site.login("bidder"))
    equal(bidder.ask("GET", "/session").code, "not-logged-in", "the session of the disabled user")
    answer = admin.ask("PUT", f"/users/{site.login('bidder')}", {"disabled": False})
    equal((answer.status, answer.json["disabled"]), (200, False), "enabled again")
    equal(bidder.ask("GET", "/session").code, "not-logged-in", "the old session")
    bidder.log_in(site.login("bidder"))


@suite.case("a new password ends the user's other sessions")
def password(world):
    site = Site(world)
    here, elsewhere = site.visitor("bidder"), site.visitor("bidder")
    new = {"old": PASSWORD, "new": "另一个足够长的新密码"}
    equal(here.ask("PUT", "/session/password", new).status, 204, "the change")
    equal(elsewhere.ask("GET", "/session").code, "not-logged-in", "the other session")
    equal(here.ask("GET", "/session").status, 200, "one's own")
    equal(elsewhere.try_log_in(site.login("bidder")).code, "login-failed", "the old password")
    elsewhere.log_in(site.login("bidder"), new["new"])


class Clocked:
    """The world's portal once more, at a time that is told."""

    def __init__(self, world):
        self.world = world
        self.portal = world.portal
        self.starts = 0
        self.process = None

    def start(self, now):
        self.stop()
        self.starts += 1
        name = f"portal-at-{self.starts}"
        self.process = Process(
            name,
            [self.portal.program, "--folder", self.portal.folder, "run", "--listen", "127.0.0.1:0"],
            self.world.case_folder,
            env={**os.environ, "UKEYD_TEST_NOW": str(now)},
        )
        return self.process.wait_for_line(r"^listening on (https://127\.0\.0\.1:\d+)$").group(1)

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


@suite.case("a session ends 30 minutes after its last use, 12 hours after the log-in, restarts or not")
def expiry(world):
    site = Site(world)
    clocked = world.keep(Clocked(world))
    visitor = site.visitor(url=clocked.start(NOW))
    visitor.log_in(site.login("bidder"))

    def at(seconds):
        """The status when it is used so long after the log-in."""
        url = clocked.start(NOW + seconds)
        visitor.address, visitor.origin = urlsplit(url).netloc, url
        return visitor.ask("GET", "/session").status

    equal(at(1799), 200, "used after 1799 s")
    equal(at(1799 + 1799), 200, "used 1799 s after that")
    equal(at(1799 + 1799 + 1800), 401, "used 1800 s after that")
    visitor = site.visitor(url=clocked.start(NOW))
    visitor.log_in(site.login("bidder"))
    for used in range(1700, 43200, 1700):
        equal(at(used), 200, f"used after {used} s")
    equal(at(43199), 200, "used a second before its end")
    equal(at(43200), 401, "used after 12 hours")


# ---- limits ----


@suite.case("the limit on wrong passwords survives a restart")
def limit(world):
    site = Site(world)
    visitor = site.visitor()
    for _ in range(10):
        equal(visitor.try_log_in(site.login("bidder"), "wrong").code, "login-failed", "a wrong one")
    world.portal.stop()
    world.portal.start()
    visitor = site.visitor()
    answer = visitor.try_log_in(site.login("bidder"))
    equal((answer.status, answer.code), (429, "login-limit"), "the right one afterwards")
    assert 0 < int(answer.headers["Retry-After"]) <= 900, answer.headers["Retry-After"]
    visitor.log_in(site.login("other"))
    events = [line for line in world.portal.admin("audit", "list") if line["subject"] == site.login("bidder")]
    equal([line["event"] for line in events][1:], ["login.failed", "login.limit"], "the audit trail")


@suite.case("a flood of log-ins is put off and costs no memory")
def flood(world):
    site = Site(world)

    def attempt(number):
        return site.visitor().try_log_in(f"guess{number}.{site.mark}", "wrong").status

    with ThreadPoolExecutor(48) as pool:
        statuses = set(pool.map(attempt, range(48)))
    assert statuses <= {401, 429} and 401 in statuses, statuses
    with open(f"/proc/{world.portal.process.pid}/status", encoding="ascii") as file:
        peak = next(line for line in file if line.startswith("VmHWM:"))
    assert int(peak.split()[1]) < 200 * 1024, f"{peak.strip()} at its height"
    site.visitor("bidder")


# ---- who may do what ----

OUR_PAGE_ONLY = {
    "no Origin": {"Origin": None},
    "another Origin": {"Origin": "https://evil.example"},
    "Origin null": {"Origin": "null"},
    "no CSRF token": {"X_CSRF_Token": None},
    "a wrong CSRF token": {"X_CSRF_Token": "0" * 64},
    "two CSRF tokens": {"X_CSRF_Token": ["0" * 64, "1" * 64]},
    "another site": {"Sec_Fetch_Site": "cross-site"},
    "a sister site": {"Sec_Fetch_Site": "same-site"},
    "typed by the user": {"Sec_Fetch_Site": "none"},
}


@suite.case("what changes something must come from our own page")
def csrf(world):
    site = Site(world)
    visitor, other = site.visitor("bidder"), site.visitor("other")
    for what, headers in OUR_PAGE_ONLY.items():
        answer = visitor.ask("PUT", "/profile", {"department": "x"}, **headers)
        equal((answer.status, answer.code), (403, "csrf"), what)
    answer = visitor.ask("PUT", "/profile", {"department": "x"}, X_CSRF_Token=other.csrf)
    equal(answer.code, "csrf", "another session's token")
    equal(visitor.ask("GET", "/session").json["user"]["department"], "", "the department afterwards")
    equal(visitor.ask("PUT", "/profile", {"department": "x"}).status, 200, "from our page")
    answer = visitor.ask("POST", "/session", {"login": "x", "password": "y"}, Origin="https://evil.example")
    equal(answer.code, "csrf", "a log-in from another page")


ADMINISTRATORS = (
    ("GET", "/users", None),
    ("POST", "/users", {}),
    ("PUT", "/users/x", {}),
    ("GET", "/organisations", None),
    ("POST", "/organisations", {}),
    ("GET", "/audit", None),
)


@suite.case("administration is for administrators")
def roles(world):
    site = Site(world)
    visitors = {
        None: (site.visitor(), "not-logged-in"),
        "bidder": (site.visitor("bidder"), "role-refused"),
        "reviewer": (site.visitor("reviewer"), "role-refused"),
    }
    for method, path, data in ADMINISTRATORS:
        for who, (visitor, code) in visitors.items():
            equal(visitor.ask(method, path, data).code, code, f"{method} {path} by {who}")
    admin = site.visitor("admin")
    equal(admin.ask("GET", "/users").status, 200, "the administrator")
    added = admin.ask("POST", "/organisations", {"name": f"新单位 {site.mark}"})
    equal(added.status, 201, "an organisation")
    user = {
        "login": f"new.{site.mark}",
        "name": "新用户",
        "role": "bidder",
        "organisation": f"新单位 {site.mark}",
        "password": "correct staple battery",
    }
    equal(admin.ask("POST", "/users", user).status, 201, "a user")
    site.visitor().log_in(user["login"], user["password"])


@suite.case("the audit trail of the page is the one of the command")
def audit(world):
    site = Site(world)
    admin = site.visitor("admin")
    page = admin.ask("GET", "/audit?limit=100").json
    verified = world.portal.admin("audit", "verify")
    equal(page["verified"], {"count": verified["lines"], "hash": verified["last_hash"]}, "verified")
    equal(page["items"][0]["event"], "login", "the newest line")
    equal(page["items"][0]["id"], verified["lines"], "its number")
    earlier = admin.ask("GET", f"/audit?limit=1&after={page['next']}").json if page["next"] else None
    if earlier:
        equal(earlier["items"][0]["id"], page["items"][-1]["id"] - 1, "the next page's first line")


@suite.case("no password is written anywhere")
def secrets(world):
    site = Site(world)
    secret = "a-secret-that-is-long-7319"
    admin = site.visitor("admin")
    equal(admin.ask("PUT", f"/users/{site.login('bidder')}", {"password": secret}).status, 200, "set")
    visitor = site.visitor()
    visitor.log_in(site.login("bidder"), secret)
    visitor.try_log_in(site.login("bidder"), secret + "x")
    visitor.try_log_in(secret, secret)
    world.portal.stop()
    tokens = [secret.encode(), visitor.cookie.encode(), visitor.csrf.encode()]
    for path in [*world.portal.folder.rglob("*"), *world.folder.glob("*.log")]:
        content = path.read_bytes() if path.is_file() else b""
        assert not any(token in content for token in tokens), f"{path} holds a secret"


# ---- odd requests ----

BODIES = {
    "no JSON": (b"login=x", 400, "json-syntax"),
    "nothing": (b"", 400, "json-syntax"),
    "an array": (b"[]", 400, "field-type"),
    "deep nesting": (b'{"department":' + b"[" * 40 + b"]" * 40 + b"}", 400, "json-limit"),
    "a member twice": (b'{"email":"a","email":"b"}', 400, "json-duplicate-member"),
    "an unknown member": (b'{"role":"administrator"}', 400, "field-unknown"),
    "a wrong type": (b'{"email":1}', 400, "field-type"),
    "broken UTF-8": (b'{"email":"\xff"}', 400, "json-syntax"),
    "a NUL": (b'{"email":"\\u0000"}', 400, "json-syntax"),
    "a line end in a text": (b'{"email":"a\\nSet-Cookie: b"}', 400, "field-value"),
    "193 bytes": (b'{"email":"' + b"x" * 193 + b'"}', 400, "field-value"),
    "16385 bytes": (b"{}" + b" " * 16383, 413, "too-large"),
}


@suite.case("odd bodies are refused, each with its code")
def bodies(world):
    visitor = Site(world).visitor("bidder")
    for what, (body, status, code) in BODIES.items():
        answer = visitor.ask("PUT", "/profile", body)
        equal((answer.status, answer.code), (status, code), what)
    for kind in ("text/plain", "application/x-www-form-urlencoded", None, ["application/json"] * 2):
        answer = visitor.ask("PUT", "/profile", b"{}", Content_Type=kind)
        equal((answer.status, answer.code), (415, "content-type-refused"), f"the type {kind}")
    equal(visitor.ask("GET", "/session").json["user"]["email"], "", "the address afterwards")


@suite.case("a gigabyte from a stranger is refused unread")
def unread(world):
    visitor = Site(world).visitor()
    address = urlsplit(visitor.origin)
    head = (
        f"PUT {API}/profile HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {visitor.origin}\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    for length, status in ((16000, b"401"), (1 << 30, b"413")):
        with socket.create_connection((address.hostname, address.port), timeout=20) as plain:
            with visitor.tls.wrap_socket(plain, server_hostname=address.hostname) as stream:
                stream.sendall((head % length).encode())
                equal(stream.recv(4096)[9:12], status, f"the status for {length} bytes")


PATHS = (
    "/assets/../index.html",
    "/assets/..%2f..%2fportal.db",
    "/assets/%2e%2e/%2e%2e/portal.db",
    "/assets/..\\portal.db",
    "/../../../../etc/passwd",
    "/orders/../../../etc/passwd",
    "//etc/passwd",
    "/portal.db",
    "/tls/server.key",
    "/downloads/../portal.db",
    f"{API}/downloads/..%2fportal.db",
    f"{API}/downloads/portal.db",
    f"{API}/../../portal.db",
    "/orders/",
    "/Login",
    "/login%00",
)


@suite.case("no path leads out of the pages")
def paths(world):
    visitor = Site(world).visitor("admin")
    for path in PATHS:
        answer = visitor.send("GET", path, headers=visitor.headers())
        assert answer.status in (400, 404), f"{path}: {answer.status}"
        assert b"SQLite" not in answer.body and b"PRIVATE" not in answer.body, path


@suite.case("another Host is not served")
def hosts(world):
    visitor = Site(world).visitor("bidder")
    port = urlsplit(visitor.origin).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"localhost:{port}"):
        equal(visitor.page("/", Host=host).status, 421, f"a page for {host}")
        equal(visitor.ask("GET", "/session", Host=host).code, "host-refused", f"a session for {host}")


@suite.case("the portal goes by the name that it was given")
def named(world):
    site = Site(world)
    portal = world.portal
    process = world.keep(
        Process(
            "named-portal",
            [portal.program, "--folder", portal.folder, "run", "--listen", "127.0.0.1:0"]
            + ["--origin", "https://portal.example:443"],
            world.case_folder,
        )
    )
    url = process.wait_for_line(r"^listening on (https://127\.0\.0\.1:\d+)$").group(1)
    visitor = Visitor(url, portal.tls_ca, origin="https://portal.example")
    visitor.log_in(site.login("bidder"))
    equal(visitor.page("/orders").status, 200, "a page")
    equal(visitor.page("/orders", Host="portal.example:443").status, 200, "a page with the port")
    equal(visitor.page("/orders", Host=urlsplit(url).netloc).status, 421, "by its address")


METHODS = (
    ("PUT", f"{API}/session", "POST, GET, HEAD, DELETE"),
    ("DELETE", f"{API}/users", "GET, HEAD, POST"),
    ("POST", f"{API}/profile", "PUT"),
    ("GET", f"{API}/session/password", "PUT"),
    ("POST", "/", "GET, HEAD"),
    ("OPTIONS", "/orders", "GET, HEAD"),
)


@suite.case("other methods are refused with those that are allowed")
def methods(world):
    visitor = Site(world).visitor("admin")
    for method, path, allow in METHODS:
        answer = visitor.send(method, path, headers=visitor.headers())
        equal((answer.status, answer.headers["Allow"]), (405, allow), f"{method} {path}")
    for method in ("TRACE", "CONNECT", "PATCH", "GET\t"):
        try:
            status = visitor.send(method, "/", headers=visitor.headers()).status
        except (ValueError, http.client.HTTPException, ssl.SSLError, ConnectionError):
            continue
        assert status in (400, 405), f"{method}: {status}"


# ---- pages ----

PAGES = (
    "/",
    "/login",
    "/orders",
    "/orders/new",
    "/orders/20261122000001",
    "/keys",
    "/keys/202109220303233/seal",
    "/resets",
    "/review",
    "/review/20261122000001",
    "/users",
    "/audit",
    "/account",
    "/help",
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "loopback-network=(self), local-network-access=(self)",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
AGENT = [f"{scheme}://127.0.0.1:{port}" for scheme, ports in (
    ("https", (27510, 27520, 27530)),
    ("http", (27511, 27521, 27531)),
    ("wss", (27510, 27520, 27530)),
    ("ws", (27511, 27521, 27531)),
) for port in ports]


def check_policy(answer, what):
    for name, value in ALWAYS.items():
        equal(answer.headers[name], value, f"{name} of {what}")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age="), what
    directives = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    equal(sorted(directives.pop("connect-src").split()), sorted(["'self'", *AGENT]), f"connect-src of {what}")
    equal(directives, POLICY, f"the policy of {what}")


@suite.case("every page answers with the shell, its policy and a tag")
def pages(world):
    visitor = Site(world).visitor()
    shell = visitor.page("/")
    for path in PAGES:
        answer = visitor.page(path)
        equal((answer.status, answer.body), (200, shell.body), path)
        equal(answer.headers["Content-Type"], "text/html; charset=utf-8", f"the type of {path}")
        equal(answer.headers["Cache-Control"], "no-cache", f"the caching of {path}")
        check_policy(answer, path)
        head = visitor.page(path, method="HEAD")
        equal((head.status, head.body), (200, b""), f"HEAD {path}")
        equal(head.headers["Content-Length"], str(len(shell.body)), f"the length of {path}")
        check_policy(head, f"HEAD {path}")
        known = visitor.page(path, If_None_Match=answer.headers["ETag"])
        equal((known.status, known.body), (304, b""), f"{path} again")
        equal(visitor.page(path, If_None_Match='"old"').status, 200, f"{path} with an old tag")
    check_policy(visitor.page("/nowhere"), "an address that is none")


@suite.case("what the shell loads is there, and nothing comes from elsewhere")
def assets(world):
    visitor = Site(world).visitor()
    seen, queue = set(), ["/"]
    while queue:
        path = queue.pop()
        answer = visitor.page(path)
        equal(answer.status, 200, path)
        check_policy(answer, path)
        equal(answer.headers["ETag"], f'"{hashlib.sha256(answer.body).hexdigest()}"', f"the tag of {path}")
        for found in references(answer.body.decode("utf-8", "replace"), path):
            if found not in seen:
                seen.add(found)
                queue.append(found)
    assert "/sdk/ukeyd.js" in seen and "/assets/app.js" in seen, seen


def references(text, path):
    """Addresses that a page or module loads."""
    for found in re.findall(r"""(?:src|href)="([^"#]+)"|from "([^"]+)"|import\("([^"]+)"\)""", text):
        target = next(part for part in found if part)
        if target.startswith("./"):
            target = path.rpartition("/")[0] + target[1:]
        if target.startswith(("/assets/", "/sdk/")):
            yield target
        assert not target.startswith(("http:", "https:", "//")), f"{path} loads {target}"


@suite.case("a registered file is downloaded as it is")
def downloads(world):
    site = Site(world)
    content = os.urandom(3_000_000)
    path = world.case_folder / "driver.zip"
    path.write_bytes(content)
    words = ["--kind", "driver", "--file", path, "--name", f"驱动 {site.mark}.zip"]
    site.portal.admin("download", "add", *words)
    visitor = site.visitor()
    listed = [one for one in visitor.ask("GET", "/downloads").json if site.mark in one["name"]]
    equal(len(listed), 1, "files of this case")
    equal(listed[0]["sha256"].lower(), hashlib.sha256(content).hexdigest(), "the digest that is shown")
    answer = visitor.page(listed[0]["url"])
    equal(answer.body == content, True, "the content")
    assert "filename*=UTF-8''%E9%A9%B1%E5%8A%A8" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
