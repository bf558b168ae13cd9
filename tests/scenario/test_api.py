"""The local API's gates: what a request must satisfy before anything happens, each refusal with its
code, and a dialog or a command to the key in none of them."""

import http.client
import json
import socket

from agent import PLAIN_PORT, PORT
from cases import Suite, equal
from processes import run
from refusal import Untouched, check_problem
from websocket import Refused

suite = Suite()

OPERATIONS = "/v1/operations"
RENEW = {"kind": "renew", "ticket": "t"}
DEEP = b'{"kind":' + b"[" * 40 + b"]" * 40 + b"}"
LARGE = json.dumps({"kind": "check", "ticket": "x" * (1 << 20)}).encode()

# name -> (body, status, code)
BODIES = {
    "an unknown field": ({**RENEW, "url": "https://evil.example"}, 400, "field-unknown"),
    "a field of the wrong type": ({"kind": 5}, 400, "field-type"),
    "a ticket of the wrong type": ({"kind": "renew", "ticket": ["t"]}, 400, "field-type"),
    "a missing kind": ({"ticket": "t"}, 400, "field-missing"),
    "a renewal without a ticket": ({"kind": "renew"}, 400, "field-missing"),
    "an unknown kind": ({"kind": "format", "ticket": "t"}, 400, "field-value"),
    "an empty ticket": ({"kind": "renew", "ticket": ""}, 400, "field-value"),
    "a ticket of 257 bytes": ({"kind": "renew", "ticket": "t" * 257}, 400, "field-value"),
    "a token of 65 bytes": ({**RENEW, "token": "t" * 65}, 400, "field-value"),
    "a pin field": ({**RENEW, "pin": "123456"}, 400, "pin-in-request"),
    "a password field": ({**RENEW, "password": "123456"}, 400, "pin-in-request"),
    "a pin field inside": ({**RENEW, "more": [{"pin": "123456"}]}, 400, "pin-in-request"),
    "the platform's name from a page": ({**RENEW, "platform": "sunshine"}, 400, "field-unknown"),
    "no JSON": (b"kind=renew", 400, "json-syntax"),
    "an empty body": (b"", 400, "json-syntax"),
    "bytes behind the JSON": (b'{"kind":"check"}x', 400, "json-syntax"),
    "an array": (b"[]", 400, "field-type"),
    "broken UTF-8": (b'{"kind":"\xff\xfe"}', 400, "json-syntax"),
    "a NUL character": (b'{"kind":"check\\u0000"}', 400, "json-syntax"),
    "a member twice": (b'{"kind":"check","kind":"check"}', 400, "json-duplicate-member"),
    "deep nesting": (DEEP, 400, "json-limit"),
    "1 MiB": (LARGE, 413, "too-large"),
    "4097 bytes": (b'{"kind":"check"}' + b" " * 4081, 413, "too-large"),
}

# name -> (headers, status, code)
HEADERS = {
    "no Origin": ({"Origin": None}, 403, "origin-refused"),
    "another Origin": ({"Origin": "https://evil.example"}, 403, "origin-refused"),
    "Origin null": ({"Origin": "null"}, 403, "origin-refused"),
    "another Host": ({"Host": f"evil.example:{PORT}"}, 421, "host-refused"),
    "Host without the port": ({"Host": "127.0.0.1"}, 421, "host-refused"),
    "a form's content type": (
        {"Content-Type": "application/x-www-form-urlencoded"},
        415,
        "content-type-refused",
    ),
    "text/plain": ({"Content-Type": "text/plain"}, 415, "content-type-refused"),
    "no content type": ({"Content-Type": None}, 415, "content-type-refused"),
    "a navigation": ({"Sec-Fetch-Mode": "navigate"}, 403, "fetch-metadata-refused"),
    "an image's request": ({"Sec-Fetch-Dest": "image"}, 403, "fetch-metadata-refused"),
}

# name -> (method, path, status, code)
PATHS = {
    "an unknown path": ("GET", "/v1/secrets", 404, "not-found"),
    "PUT on operations": ("PUT", OPERATIONS, 405, "method-not-allowed"),
    "DELETE on status": ("DELETE", "/v1/status", 405, "method-not-allowed"),
    "an unknown operation": ("GET", f"{OPERATIONS}/{'0' * 32}", 404, "operation-unknown"),
    "a path that climbs": ("GET", "/v1/../v1/status", 404, "not-found"),
    "wait=61": ("GET", f"{OPERATIONS}/{'0' * 32}?wait=61", 400, "field-value"),
    "events without an upgrade": ("GET", "/v1/events", 426, "upgrade-required"),
}


def quiet_scene(world):
    """A key and an agent; check() says that nothing was done with it."""
    card = world.card()
    agent = world.agent(world.dialogs("cancel"))
    agent.get("/v1/tokens")
    return agent, Untouched(card)


def check_quiet(agent, untouched):
    untouched.check()
    equal(agent.dialogs.shown(), [], "dialogs")
    equal(agent.get(OPERATIONS)["operations"], [], "operations")


def check_answer(answer, status, code):
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    check_problem(answer.json, code)
    equal(answer.status, status, "the status")


def refuse_all(world, requests):
    """requests: (name, request(agent) -> Answer, status, code). One agent for the whole table."""
    agent, untouched = quiet_scene(world)
    wrong = []
    for name, request, status, code in requests:
        try:
            check_answer(request(agent), status, code)
        except (AssertionError, OSError, ValueError, http.client.HTTPException) as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
    check_quiet(agent, untouched)


def one_by_one(table, request):
    """Each row of a table as a case of its own."""
    for name, row in table.items():
        *parts, status, code = row
        suite.add(
            name,
            lambda world, n=name, p=parts, s=status, c=code: refuse_all(
                world, [(n, lambda agent: request(agent, *p), s, c)]
            ),
        )


one_by_one(BODIES, lambda agent, body: agent.request("POST", OPERATIONS, body))
one_by_one(HEADERS, lambda agent, headers: agent.request("POST", OPERATIONS, RENEW, headers=headers.items()))
one_by_one(PATHS, lambda agent, method, path: agent.request(method, path))


def raw(agent, text):
    """The first line of the answer to bytes as they are."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as plain:
        with agent.tls.wrap_socket(plain, server_hostname="127.0.0.1") as stream:
            stream.sendall(text.encode("latin-1"))
            return stream.recv(4096).split(b"\r\n")[0].decode()


@suite.case("two Host headers")
def two_hosts(world):
    agent, untouched = quiet_scene(world)
    host = f"Host: 127.0.0.1:{PORT}\r\n"
    line = raw(agent, f"GET /v1/status HTTP/1.1\r\n{host}{host}Origin: {agent.origin}\r\n\r\n")
    assert " 4" in line, line
    check_quiet(agent, untouched)


@suite.case("a refused origin learns nothing")
def refused_origin_learns_nothing(world):
    agent = world.agent()
    answer = agent.request("GET", "/v1/status", origin="https://evil.example")
    check_answer(answer, 403, "origin-refused")
    for header in answer.headers:
        assert not header.startswith("access-control-"), f"{header} is there"
    assert b"0.1.0" not in answer.body and "0.1.0" not in str(answer.headers), "the version is there"


@suite.case("headers of every answer")
def headers_of_answers(world):
    agent = world.agent()
    answer = agent.request("GET", "/v1/status")
    equal(answer.status, 200, "the status")
    for name, value in {
        "access-control-allow-origin": agent.origin,
        "vary": "Origin",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "cross-origin",
    }.items():
        equal(answer.headers.get(name), value, name)


@suite.case("preflight, with private network access")
def preflight(world):
    agent = world.agent()
    asked = [
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
        ("Access-Control-Request-Private-Network", "true"),
    ]
    answer = agent.request("OPTIONS", OPERATIONS, headers=asked)
    assert answer.status in (200, 204), answer.status
    equal(answer.headers["access-control-allow-private-network"], "true", "private network")
    equal(answer.headers["access-control-allow-headers"], "content-type", "headers")
    equal(answer.headers["access-control-max-age"], "600", "max-age")
    refused = agent.request("OPTIONS", OPERATIONS, headers=asked, origin="https://evil.example")
    check_answer(refused, 403, "origin-refused")


@suite.case("status and list of keys")
def status_and_tokens(world):
    card = world.card()
    agent = world.agent()
    status = agent.get("/v1/status")
    equal({k: status[k] for k in ("agent", "api", "pcsc", "keys", "busy")},
          {"agent": "ukeyd", "api": 1, "pcsc": "ok", "keys": 1, "busy": False}, "the status")
    tokens = agent.get("/v1/tokens")["tokens"]
    equal(len(tokens), 1, "keys")
    token = tokens[0]
    equal((token["supported"], token["serial"], token["driver"]), (True, card.serial, "gmt0017"), "the key")
    tries = card.tries()["max"]
    equal(token["pin"], {"max": tries, "left": tries, "default": True}, "pin")
    equal(sorted(c["usage"] for c in token["certificates"]), ["encrypt", "sign"], "usages")
    for certificate in token["certificates"]:
        equal(certificate["organisation"], card.person.organisation, "organisation")
        equal(certificate["common_name"], card.person.holder, "common_name")
        equal((certificate["due"], certificate["algorithm"]), ("now", "sm2"), "due and algorithm")


@suite.case("errors by Accept-Language")
def languages(world):
    agent = world.agent()
    titles = {}
    for language in ("zh-CN", "en", "en;q=0.5, zh;q=0.9", "fr"):
        answer = agent.request("GET", "/v1/none", headers=[("Accept-Language", language)])
        titles[language] = answer.json["title"]
    equal(titles["zh-CN"], titles["fr"], "the default language")
    equal(titles["zh-CN"], titles["en;q=0.5, zh;q=0.9"], "quality values")
    assert titles["en"] != titles["zh-CN"], titles


@suite.case("an operation belongs to the origin that started it, and ends after a restart")
def owner(world):
    agent = world.agent()
    operation = agent.perform("check")
    equal(operation["error"]["code"], "no-key", "the code")
    listed = json.loads(agent.ctl("--json", "operations").stdout)["operations"]
    equal([o["id"] for o in listed], [operation["id"]], "operations seen from the terminal")
    agent.stop()
    agent.start()
    equal(agent.operation(operation["id"])["state"], "failed", "the state after a restart")


@suite.case("plain HTTP on the second port has the same gates")
def plain_http(world):
    agent = world.agent()
    for origin, status in ((agent.origin, 200), ("https://evil.example", 403), (None, 403)):
        connection = http.client.HTTPConnection("127.0.0.1", PLAIN_PORT, timeout=10)
        connection.request("GET", "/v1/status", headers={"Origin": origin} if origin else {})
        equal(connection.getresponse().status, status, f"the status for {origin}")
        connection.close()


@suite.case("events: origin and subprotocol")
def events_gates(world):
    agent = world.agent()
    for options, status in (({"origin": "https://evil.example"}, 403), ({"origin": None}, 403), ({"protocol": None}, 400)):
        try:
            agent.events(**options)
            raise AssertionError(f"accepted: {options}")
        except Refused as refused:
            equal(refused.status, status, f"the status for {options}")


@suite.case("events: a client that talks is dropped")
def talking_client(world):
    agent = world.agent()
    events = agent.events()
    events.send_text('{"kind":"renew"}')
    events.wait_closed()
    equal(agent.get("/v1/status")["busy"], False, "busy")


@suite.case("a second agent of the same user is refused")
def second_agent(world):
    agent = world.agent()
    done = run(agent.arguments(), env=agent.env, ok=None, seconds=20)
    assert done.returncode != 0 and b"already-running" in done.stderr, done
    equal(agent.get("/v1/status")["agent"], "ukeyd", "the first one")


@suite.case("SIGTERM ends it with status 0, also while clients wait")
def ends(world):
    agent = world.agent()
    events = agent.events()
    equal(agent.stop(), 0, "the exit status")
    events.wait_closed()
