"""Requests that the agent must refuse: what a hostile page, program or name server can send, by family.

Each would open a dialog or read the key if it were let in."""

import json
from dataclasses import dataclass, field

GOOD_BODY = b'{"kind":"change-pin"}'
OPERATIONS = "/v1/operations"
UNKNOWN = f"{OPERATIONS}/{'0' * 32}"


@dataclass
class Bad:
    name: str
    statuses: tuple  # one of them; 0: the connection is closed without an answer
    method: str = "POST"
    path: str = OPERATIONS
    headers: dict = field(default_factory=dict)  # in place of the good ones; None: left out; a list: each
    body: bytes = GOOD_BODY
    raw: bytes = None  # instead of all these; {host} and {origin} are filled in
    listed: bool = True  # it claims a listed origin, which may read the refusal

    def bytes(self, host, origin):
        if self.raw is not None:
            return self.raw.replace(b"{host}", host.encode()).replace(b"{origin}", origin.encode())
        named = {"Host": host, "Origin": origin}
        if self.method == "POST":
            named |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        named |= self.headers
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        for name, value in named.items():
            for one in value if isinstance(value, list) else [value]:
                lines += [] if one is None else [f"{name}: {one.format(host=host, origin=origin)}"]
        body = self.body if self.method == "POST" else b""
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


# ---- where it goes and where it comes from ----

HOSTS = (
    None, "", "127.0.0.1", "localhost", "[::1]", "::1", "127.0.0.1:", "127.0.0.1:80", "127.0.0.1:443",
    "127.0.0.1:27512", "127.0.0.1:027510", "127.0.0.1:27510x", "127.0.0.1:+27510", "127.0.0.1.:27510",
    "localhost.:27510", "localhost:27510.", "LOCALHOST:27510", "Localhost:27510", "localhost.localdomain:27510",
    "evil.example", "evil.example:27510", "localhost.evil.example:27510", "127.0.0.1.evil.example:27510",
    "127.0.0.1.nip.io:27510", "127-0-0-1.evil.example:27510", "evil@127.0.0.1:27510", "127.0.0.1:27510@evil.example",
    "2130706433:27510", "0x7f000001:27510", "017700000001:27510", "0177.0.0.1:27510", "127.1:27510",
    "127.0.1:27510", "127.0.0.2:27510", "0.0.0.0:27510", "0:27510", "[::]:27510", "[::ffff:127.0.0.1]:27510",
    "[0:0:0:0:0:0:0:1]:27510", "[::1%25lo]:27510", "[::1]:27510:27510", "127.0.0.1:27510,evil.example",
    "127.0.0.1:27510 evil.example", "https://127.0.0.1:27510", "127.0.0.1:27510/", "//127.0.0.1:27510",
    "portal.test:27510", "\u0131ocalhost:27510", "localhost%2e:27510", "127.0.0.1:27510\t@evil.example",
    ["{host}", "{host}"], ["{host}", "evil.example"], ["evil.example", "{host}"],
)


def bad_hosts():
    for method, path in (("POST", OPERATIONS), ("GET", "/v1/tokens"), ("OPTIONS", OPERATIONS)):
        for host in HOSTS:
            yield Bad(f"{method} with Host {host!r}", (421, 400), method, path, {"Host": host}, listed=False)


ORIGINS = (
    None, "", "null", "NULL", "Null", "*", "https://evil.example", "https://evil.example:{port}", "http://{name}",
    "https://{name}/", "https://{name}.", "https://{name}.evil.example", "https://evil.{name}", "https://evil{name}",
    "https://{name}evil.example", "https://{name}@evil.example", "https://evil.example@{name}", "https://{name}:",
    "https://{name}#", "https://{name}?", "https://{name}/v1", "https://{name}%00", "https://{name}%2eevil.example",
    "HTTPS://{name}", "https://{NAME}", " https://evil.example", "https://{name} https://evil.example",
    "https://{name},https://evil.example", "{name}", "//{name}", "ws://{name}", "wss://{name}", "ftp://{name}",
    "file://", "file:///", "about:blank", "about:srcdoc", "data:", "blob:https://{name}",
    "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "moz-extension://0", "https://localhost",
    "https://127.0.0.1:27510", "http://127.0.0.1:27511", "https://[::1]:27510", "capacitor://localhost",
    "app://-", "https://\u0440ortal.test", "https://xn--ortal-3ve.test", ["{origin}", "{origin}"],
    ["{origin}", "https://evil.example"], ["https://evil.example", "{origin}"], "https://" + "a" * 2000 + ".example",
)


def origin_text(value):
    if not isinstance(value, str):
        return value
    return (value.replace("{name}", "p1.test:8443").replace("{NAME}", "P1.TEST:8443")
            .replace("{port}", "8443"))


def bad_origins():
    for method, path in (("POST", OPERATIONS), ("GET", "/v1/tokens"), ("GET", "/v1/events"), ("OPTIONS", OPERATIONS)):
        for origin in ORIGINS:
            yield Bad(f"{method} {path} from {origin!r}", (403, 400), method, path, {"Origin": origin_text(origin)}, listed=False)


METHODS = ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "SEARCH", "LINK",
           "PURGE", "M-SEARCH", "NOTIFY", "BREW", "QUERY", "post", "Post", "get", "POSTS", "GETT", "P", "X-HTTP", "PRI")


def bad_methods():
    for path in (OPERATIONS, "/v1/status", f"{UNKNOWN}/cancel"):
        for method in METHODS:
            yield Bad(f"{method} {path}", (405, 400, 501, 505), method, path)
    for path in (f"{UNKNOWN}/cancel", f"{UNKNOWN}/resume", f"{UNKNOWN}/abandon"):
        yield Bad(f"GET {path}", (405,), "GET", path)
    for path in ("/v1/status", "/v1/tokens", "/v1/events", UNKNOWN):
        yield Bad(f"POST {path}", (405,), "POST", path, body=b"{}")
    for over in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        yield Bad(f"{over}: POST", (405,), "GET", f"{UNKNOWN}/cancel", {over: "POST"})
    yield Bad("_method=POST", (405,), "GET", f"{UNKNOWN}/cancel?_method=POST")


DESTS = ("document", "image", "script", "style", "iframe", "frame", "fencedframe", "embed", "object", "worker",
         "sharedworker", "serviceworker", "font", "audio", "video", "track", "manifest", "report", "xslt", "json",
         "audioworklet", "paintworklet", "webidentity", "Empty", "empty, document", "")


def bad_fetch_metadata():
    for method, path in (("POST", OPERATIONS), ("GET", "/v1/tokens"), ("GET", "/v1/events")):
        for dest in DESTS:
            yield Bad(f"{method} {path} for {dest!r}", (403,), method, path, {"Sec-Fetch-Dest": dest})
        for headers in ({"Sec-Fetch-Mode": "navigate"}, {"Sec-Fetch-Mode": ["cors", "cors"]},
                        {"Sec-Fetch-Mode": ["cors", "navigate"]}, {"Sec-Fetch-Dest": ["empty", "empty"]},
                        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty"}):
            yield Bad(f"{method} {path} with {headers}", (403,), method, path, headers)


# ---- what it carries ----

TYPES = (
    None, "", "text/plain", "text/plain;charset=UTF-8", "text/html", "text/json", "application/x-www-form-urlencoded",
    "multipart/form-data", "multipart/form-data; boundary=x", "application/jsonp", "application/javascript",
    "application/octet-stream", "application/xml", "application/cbor", "application/json-patch+json", "application/ld+json",
    "application/problem+json", "application/json; charset=gbk", "application/json; charset=utf-16",
    "application/json; boundary=x", "application/json, text/plain", "text/plain, application/json",
    "application/json;text/plain", "application /json", "application/ json", "application\\json", "json", "*/*",
    "application/*", "text/plain; application/json", "application/json\u00a0",
    ["application/json", "application/json"], ["application/json", "text/plain"], ["text/plain", "application/json"],
)


def bad_content_types():
    for path in (OPERATIONS, f"{UNKNOWN}/cancel"):
        for value in TYPES:
            yield Bad(f"{path} as {value!r}", (415,), path=path, headers={"Content-Type": value})


LENGTHS = ("4097", "65536", "1048576", "2147483647", "2147483648", "4294967296", "9223372036854775807",
           "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999",
           "-1", "+21", "0x15", "1e3", "21.0", "21;", "21 21", "21, 21", "", "twenty", "\u0662\u0661", ["21", "22"], ["4097", "21"],
           ["21", "0"])


def bad_sizes():
    for length in LENGTHS:
        yield Bad(f"Content-Length {length!r}", (413, 400, 411), headers={"Content-Length": length})
    for size in (4097, 4098, 8192, 16384, 65536):
        yield Bad(f"a body of {size} bytes", (413,), body=GOOD_BODY.ljust(size))


BOTTOMS = (b"[", b'{"a":', b'[{"a":')
ENDS = {b"[": b"]", b'{"a":': b"}", b'[{"a":': b"}]"}


def bad_nesting():
    for opening in BOTTOMS:
        for depth in (7, 12, 13, 16, 32, 64, 128, 256, 400):
            body = b'{"kind":"change-pin","x":' + opening * depth + b"1" + ENDS[opening] * depth + b"}"
            yield Bad(f"{opening!r} {depth} deep", (400,), body=body)
    yield Bad("1000 members", (400,), body=b"{" + b",".join(b'"%d":1' % i for i in range(500)) + b"}")
    yield Bad("2000 items", (400,), body=b'{"kind":[' + b"1," * 1999 + b"1]}")


FIELDS = ("url", "path", "file", "library", "lib", "dll", "driver", "module", "apdu", "command", "exec", "shell", "callback",
          "origin", "host", "api", "proxy", "certificate", "key", "container", "reader", "serial", "platform", "id", "secret",
          "Kind", "KIND", "kind ", " kind", "kind\\u0000", "__proto__", "constructor", "toString", "", "ki\\u200bnd")


def bad_fields():
    for name in FIELDS:
        yield Bad(f"a field {name!r}", (400,), body=f'{{"kind":"change-pin","{name}":"x"}}'.encode())
    for twice in ('"kind":"check","kind":"change-pin"', '"kind":"change-pin","kind":"change-pin"',
                  '"kind":"change-pin","k\\u0069nd":"check"', '"kind":"check","ticket":"a","ticket":"b"',
                  '"kind":"check","token":null,"token":"a"', '"kind":"change-pin","a":{"b":1,"b":1}'):
        yield Bad(f"twice: {twice}", (400,), body=f"{{{twice}}}".encode())


PIN_NAMES = ("pin", "password", "PIN", "Pin", "passwd", "passphrase", "new_pin", "old_pin", "newPin", "oldPin", "userPin",
             "adminPin", "so_pin", "puk", "code", "p\\u0069n", "secretPin")


def bad_pins():
    for name in PIN_NAMES:
        yield Bad(f"a member {name}", (400,), body=f'{{"kind":"change-pin","{name}":"123456"}}'.encode())
        yield Bad(f"a member {name} inside", (400,), body=f'{{"kind":"change-pin","a":[{{"{name}":"123456"}}]}}'.encode())
        yield Bad(f"a number {name}", (400,), body=f'{{"kind":"change-pin","{name}":123456}}'.encode())
    for name in ("pin", "password"):
        for path in (OPERATIONS, f"{UNKNOWN}/cancel"):
            yield Bad(f"{path}?{name}", (400,), path=f"{path}?{name}=123456")
        for path in ("/v1/status", "/v1/tokens", UNKNOWN):
            yield Bad(f"GET {path}?{name}", (400,), "GET", f"{path}?x=1&{name}=123456")


VALUES = ("null", "true", "false", "0", "-1", "1.5", "1e999", "[]", "{}", '""', '["change-pin"]', '{"a":"change-pin"}', '"renew "',
          '"CHANGE-PIN"', '"change_pin"', '"change-pin\\u0000"', '"change-pin\\n"', '"../change-pin"', '"format"', '"unblock"',
          '"' + "k" * 33 + '"', '"' + "k" * 2000 + '"')


def bad_values():
    for value in VALUES:
        yield Bad(f"kind {value[:30]}", (400,), body=f'{{"kind":{value}}}'.encode())
    for name, limit in (("ticket", 256), ("token", 64)):
        for value in ("true", "5", "[]", "{}", '""', f'"{"t" * (limit + 1)}"', f'"{"t" * 3000}"', '"\\u0000"'):
            yield Bad(f"{name} {value[:30]}", (400,), body=f'{{"kind":"renew","ticket":"t","{name}":{value}}}'
                      .replace('"ticket":"t","ticket"', '"ticket"').encode())
    for kind in ("renew", "extend-seal", "reset-pin"):
        yield Bad(f"{kind} without a ticket", (400,), body=json.dumps({"kind": kind}).encode())
    yield Bad("change-pin with a ticket", (400,), body=b'{"kind":"change-pin","ticket":"t"}')


BROKEN = (
    b"", b" ", b"null", b"true", b"5", b'"change-pin"', b"[]", b'[{"kind":"change-pin"}]', b'{"kind":"change-pin"}x', b'{"kind":"change-pin"},',
    b'{"kind":"change-pin"}{"kind":"change-pin"}', b'{"kind":"change-pin",}', b'{,"kind":"change-pin"}', b"{'kind':'change-pin'}",
    b'{kind:"change-pin"}', b'{"kind" "change-pin"}', b'{"kind"="change-pin"}', b'{"kind":change-pin}', b'{"kind":"change-pin"/**/}',
    b'//x\n{"kind":"change-pin"}', b'{"kind":NaN}', b'{"kind":Infinity}', b'{"kind":01}', b'{"kind":+1}', b'{"kind":.5}', b'{"kind":"\\x41"}',
    b'{"kind":"\\u12"}', b'{"kind":"\\ud800"}', b'{"kind":"\\udc00\\ud800"}', b'{"kind":"\xff\xfe"}', b'{"kind":"\xc0\x80"}',
    b'{"kind":"\xed\xa0\x80"}', b'{"kind":"\xf5\x80\x80\x80"}', b'{"kind":"change\x00-pin"}', b'{"kind":"change-pin"}\x00',
    b'\xef\xbb\xbf{"kind":"change-pin"}', '{"kind":"change-pin"}'.encode("utf-16"), '{"kind":"change-pin"}'.encode("utf-32"), b"kind=change-pin",
    b"<kind>change-pin</kind>", b"%7B%22kind%22%3A%22change-pin%22%7D", b'{"kind":"change-pin"}'.replace(b'"', b"\xe2\x80\x9d"), b"\x1f\x8b\x08",
    b'callback({"kind":"change-pin"})', b')]}\',\n{"kind":"change-pin"}',
)


def bad_json():
    for body in BROKEN:
        yield Bad(f"body {body!r}", (400,), body=body)
    for length in range(1, len(GOOD_BODY)):
        yield Bad(f"the first {length} bytes", (400,), body=GOOD_BODY[:length])


# ---- how it is framed ----

HEAD = b"POST /v1/operations HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n"
INNER = HEAD + b"Content-Length: 21\r\n\r\n" + GOOD_BODY
CHUNKED = b"15\r\n" + GOOD_BODY + b"\r\n0\r\n\r\n"


def framed(head, body=b""):
    return HEAD + head + b"\r\n\r\n" + body


ENCODINGS = (b"chunked", b"Chunked", b"xchunked", b" chunked", b"\tchunked", b"chunked ", b"chunked, identity", b"identity, chunked", b"gzip, chunked",
             b"identity", b"gzip", b"chunked;x=1", b"chunked\r\nTransfer-Encoding: identity", b"\x0bchunked", b'"chunked"', b"chunked\r\n\tx")


def smuggled():
    """Each carries a good request inside of what should be refused as one."""
    for coding in ENCODINGS:
        yield b"Content-Length and Transfer-Encoding " + coding, framed(
            b"Content-Length: 4\r\nTransfer-Encoding: " + coding, b"0\r\n\r\n" + INNER)
        yield b"Transfer-Encoding " + coding, framed(b"Transfer-Encoding: " + coding, CHUNKED)
    for name in (b"Content-Length ", b" Content-Length", b"Content-Length\t", b"Content_Length", b"Content-Length\x00", b"\x0bContent-Length"):
        yield b"the name " + name, framed(name + b": 21", GOOD_BODY)
    yield b"a folded header", framed(b"Content-Length:\r\n 21", GOOD_BODY)
    yield b"a folded Host", INNER.replace(b"Host: {host}", b"Host:\r\n {host}")
    yield b"two lengths", framed(b"Content-Length: 0\r\nContent-Length: 21", GOOD_BODY)
    yield b"bare line feeds", INNER.replace(b"\r\n", b"\n")
    yield b"bare carriage returns", INNER.replace(b"\r\n", b"\r")
    yield b"a line feed in a header", INNER.replace(b"Host: {host}", b"X: a\nHost: {host}")
    yield b"a carriage return in a header", INNER.replace(b"Host: {host}", b"X: a\rHost: {host}")
    yield b"a NUL in a header", INNER.replace(b"Origin: {origin}", b"Origin: {origin}\x00")
    yield b"a header without a colon", framed(b"Content-Length: 21\r\nX", GOOD_BODY)
    yield b"a header without a name", framed(b"Content-Length: 21\r\n: x", GOOD_BODY)
    yield b"a header of 17000 bytes", framed(b"Content-Length: 21\r\nX: " + b"x" * 17000, GOOD_BODY)
    yield b"600 headers", framed(b"Content-Length: 21\r\n" + b"\r\n".join(b"X%d: x" % i for i in range(600)) + b"\r\nY: " + b"y" * 12000, GOOD_BODY)
    for line in (b"POST /v1/operations", b"POST /v1/operations HTTP/0.9", b"POST /v1/operations HTTP/1.0", b"POST /v1/operations HTTP/1.2",
                 b"POST /v1/operations HTTP/2.0", b"POST /v1/operations HTTP/3", b"POST /v1/operations http/1.1", b"POST /v1/operations HTTP/1.1 x",
                 b"POST  /v1/operations HTTP/1.1", b"POST\t/v1/operations HTTP/1.1", b" POST /v1/operations HTTP/1.1", b"POST /v1/operations\tHTTP/1.1",
                 b"POST https://evil.example/v1/operations HTTP/1.1", b"POST //evil.example/v1/operations HTTP/1.1", b"POST v1/operations HTTP/1.1",
                 b"POST * HTTP/1.1", b"CONNECT evil.example:443 HTTP/1.1", b"POST /v1/operations\x00 HTTP/1.1", b"POST /v1/operations%00 HTTP/1.1",
                 b"POST /v1/operations#x HTTP/1.1", b"POST /v1/oper\xc3\xa4tions HTTP/1.1", b"POST /v1/operations" + b"x" * 17000 + b" HTTP/1.1"):
        yield b"the line " + line[:60], INNER.replace(b"POST /v1/operations HTTP/1.1", line, 1)
    yield b"the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield b"TLS inside", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
    yield b"nonsense", bytes(range(256))
    yield b"an SMTP greeting", b"HELO evil.example\r\nMAIL FROM:<a@b>\r\n" + INNER


def bad_framing():
    for name, raw in smuggled():
        yield Bad(f"framing: {name.decode('latin-1')!r}", (400, 404, 405, 411, 413, 421, 431, 501, 505, 0), raw=raw)


PATHS = ("/", "/v1", "/v1/", "/v2/operations", "/V1/operations", "/v1/Operations", "/v1/operations/", "//v1/operations", "/v1//operations",
         "/./v1/operations", "/v1/../v1/operations", "/v1/operations/..", "/v1%252foperations", "/v1/operations.json",
         "/v1/operations;x=1", "/v1/operations%20", "/v1/operations/x", "/index.html", "/favicon.ico", "/.well-known/x", "/v1/secrets",
         "/v1/debug", "/etc/passwd", "/v1/..%2f..%2fetc/passwd", "/v1/operations\\", "/cgi-bin/x", "/ukeyd.js")
IDS = ("0", "x", "0" * 31, "0" * 33, "0" * 129, "F" * 32, "%30" * 10, "..", ".", "-", "a b".replace(" ", "%20"), "*", "null", "1 OR 1=1".replace(" ", "+"))


def bad_paths():
    for path in PATHS:
        yield Bad(f"POST {path}", (404, 405, 400), path=path)
    for identity in IDS:
        for end, method in (("", "GET"), ("/cancel", "POST"), ("/resume", "POST"), ("/abandon", "POST")):
            yield Bad(f"{method} of {identity!r}{end}", (404, 400), method, f"{OPERATIONS}/{identity}{end}", body=b"{}")
    for value in ("-1", "61", "1.5", "x", "", "9999999999", "0x1", "1e1", "%31%00", "+1"):
        yield Bad(f"wait={value}", (400,), "GET", f"{UNKNOWN}?wait={value}")
        yield Bad(f"version={value}", (400, 404), "GET", f"{UNKNOWN}?version={value}")


# ---- WebSocket ----

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "ukeyd.v1"}
UPGRADES = (
    {"Connection": None}, {"Connection": "keep-alive"}, {"Upgrade": None}, {"Upgrade": "h2c"}, {"Upgrade": "websockets"}, {"Upgrade": "TLS/1.2"},
    {"Sec-WebSocket-Version": None}, {"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Version": "14"}, {"Sec-WebSocket-Version": "13x"},
    {"Sec-WebSocket-Key": None}, {"Sec-WebSocket-Key": ""}, {"Sec-WebSocket-Key": "c2hvcnQ="}, {"Sec-WebSocket-Key": "x" * 24},
    {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" * 2}, {"Sec-WebSocket-Protocol": None}, {"Sec-WebSocket-Protocol": ""},
    {"Sec-WebSocket-Protocol": "ukeyd"}, {"Sec-WebSocket-Protocol": "ukeyd.v2"}, {"Sec-WebSocket-Protocol": "ukeyd v1"},
    {"Sec-WebSocket-Protocol": "ukeyd.v1x"}, {"Sec-WebSocket-Protocol": "chat, superchat"}, {"Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "iframe"}, {"Host": "evil.example"}, {"Host": None},
)


def bad_upgrades():
    for headers in UPGRADES:
        yield Bad(f"an upgrade with {headers}", (400, 403, 421, 426), "GET", "/v1/events", {**UPGRADE, **headers}, listed="Host" not in headers)
    for origin in ORIGINS:
        yield Bad(f"an upgrade from {origin!r}", (403, 400), "GET", "/v1/events", {**UPGRADE, "Origin": origin_text(origin)}, listed=False)
    for path in ("/v1/status", "/v1/operations", "/"):
        yield Bad(f"an upgrade from a page of {path}", (403,), "GET", path, {**UPGRADE, "Origin": "https://evil.example"}, listed=False)
    yield Bad("an upgrade by POST", (405,), "POST", "/v1/events", UPGRADE, body=b"{}")
    yield Bad("an upgrade by HTTP/1.0", (400, 505, 426, 0), raw=b"GET /v1/events HTTP/1.0\r\nHost: {host}\r\nOrigin: {origin}\r\n"
              + b"".join(f"{n}: {v}\r\n".encode() for n, v in UPGRADE.items()) + b"\r\n")


FAMILIES = (bad_hosts, bad_origins, bad_methods, bad_fetch_metadata, bad_content_types, bad_sizes, bad_nesting, bad_fields, bad_pins,
            bad_values, bad_json, bad_framing, bad_paths, bad_upgrades)
ALL = tuple(bad for family in FAMILIES for bad in family())
