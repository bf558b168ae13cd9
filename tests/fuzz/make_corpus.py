#!/usr/bin/env python3
"""Makes the inputs of most targets: what is well-formed, and what is wrong in one way each. Certificates and
requests come from the openssl program; no key is kept. The seals are make_seals.py's, key and journal are
record_corpus's.

    tests/fuzz/make_corpus.py FOLDER"""

import base64
import hashlib
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

SM2_ID = "distid:1234567812345678"


def run(*command, data=None, cwd=None):
    return subprocess.run(command, input=data, cwd=cwd, capture_output=True, check=True).stdout


def lines(*parts):
    """Text lines, "-" for what is absent; the last part may be bytes and ends the input."""
    out = b""
    for part in parts:
        out += part if isinstance(part, bytes) else ("-" if part is None else part).encode() + b"\n"
    return out


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# ---- HTTP ----

ORIGIN = "Origin: https://portal.test\r\n"
HOST = "Host: 127.0.0.1:27510\r\n"


def request(line, headers="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{line} HTTP/1.1\r\n{headers}{length}\r\n".encode() + body


def http_heads():
    good = request("GET /v1/status?x=%41", HOST + ORIGIN)
    return {
        "good": good,
        "post": request("POST /v1/operations", HOST + "Content-Type: application/json\r\n", b"{}"),
        "two_hosts": request("GET /", HOST + HOST),
        "no_host": request("GET /", ORIGIN),
        "two_lengths": request("POST /", HOST + "Content-Length: 1\r\n", b"xy"),
        "chunked": request("POST /", HOST + "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "bare_lf": good.replace(b"\r\n", b"\n"),
        "folded": request("GET /", HOST + "X: a\r\n b\r\n"),
        "http_1_0": good.replace(b"HTTP/1.1", b"HTTP/1.0"),
        "absolute": request("GET http://localhost/", HOST),
        "zero_escape": request("GET /%00", HOST),
        "unfinished": good[:-2],
        "many_fields": request("GET /", HOST + "".join(f"X{i}: y\r\n" for i in range(110))),
    }


def web_requests():
    start = compact({"kind": "renew", "ticket": "t" * 43, "token": "KEY00001"})
    page = HOST + ORIGIN + "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"
    as_json = "Content-Type: application/json\r\n"
    local = "Host: localhost\r\n"
    upgrade = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ukeyd.v1\r\n")
    one = "/v1/operations/0123456789abcdef0123456789abcdef"
    return {
        "status": request("GET /v1/status", page),
        "tokens": request("GET /v1/tokens", page),
        "start": request("POST /v1/operations", page + as_json, start),
        "start_unknown_field": request("POST /v1/operations", page + as_json, b'{"kind":"check","pin":"1"}'),
        "list": request("GET /v1/operations", page),
        "one": request(f"GET {one}?wait=1&version=7", page),
        "cancel": request(f"POST {one}/cancel", page + as_json, b"{}"),
        "events": request("GET /v1/events", page + upgrade) + frame(1, b"hello") + frame(8, b"\x03\xe8"),
        "preflight": request("OPTIONS /v1/operations", page + "Access-Control-Request-Method: POST\r\n"),
        "unlisted": request("GET /v1/status", HOST + "Origin: https://evil.test\r\n"),
        "two_requests": request("GET /v1/status", page) + request("GET /v1/tokens", page),
        "local_status": b"l" + request("GET /v1/status", local),
        "local_start": b"l" + request("POST /v1/operations", local + as_json, compact({"kind": "check"})),
        "local_tokens": b"l" + request("GET /v1/tokens", local),
    }


def frame(opcode, payload, fin=True, masked=True):
    """The masking key is zero, so that the payload can be read."""
    head = bytes([(0x80 if fin else 0) | opcode])
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    else:
        head += bytes([mask | 126]) + struct.pack(">H", len(payload))
    return head + (b"\0\0\0\0" if masked else b"") + payload


def websocket_frames():
    return {
        "text": frame(1, "请稍候".encode()) + frame(8, b"\x03\xe8bye"),
        "fragments": frame(1, b"ab", fin=False) + frame(9, b"ping") + frame(0, b"cd"),
        "long": frame(1, b"x" * 300) + frame(1, b""),
        "binary": frame(2, b"\0\1\2"),
        "bad_utf8": frame(1, b"\xff\xfe"),
        "unmasked": frame(1, b"hello", masked=False),
        "long_ping": frame(9, b"p" * 200),
        "reserved": bytes([0xF1, 0x80, 0, 0, 0, 0]),
        "huge": bytes([0x81, 0xFF]) + b"\x7f" * 8,
        "close_1": frame(8, b"\x03"),
        "lone_continuation": frame(0, b"tail"),
    }


def gates():
    local, loopback, same, listed, pin = 1, 2, 4, 8, 16
    page = ("127.0.0.1:27510", "https://portal.test", "cors", "empty")

    def gate(flags, method, *texts, length=0):
        return bytes([flags, method, length]) + lines(*texts)

    good = loopback | same | listed
    return {
        "get": gate(good, 0, *page, None),
        "post": gate(good, 1, *page, "application/json", length=3),
        "options": gate(good, 4, *page, None),
        "local": gate(local | same, 1, "localhost", None, None, None, "application/json"),
        "local_with_origin": gate(local | same, 0, "localhost", "https://portal.test", None, None, None),
        "knock": gate(loopback | same, 0, "[::1]:27510", None, "no-cors", "empty", None),
        "two_origins": gate(good, 0, "localhost:27510", "+https://portal.test", None, None, None),
        "navigate": gate(good, 0, page[0], page[1], "navigate", "document", None),
        "pin": gate(good | pin, 0, *page, None),
        "too_large": gate(good, 1, *page, "application/json;charset=utf-8", length=255),
    }


def guards():
    token = "A" * 43
    own = ("https://portal.test:8443", "portal.test:8443", "https://portal.test:8443", "same-origin")
    return {
        "good": lines(*own, "x", f"__Host-session={token}"),
        "default_port": lines("https://portal.test:443", "portal.test", None, None, None, None),
        "two_cookies": lines(*own, "x", f"a=b; __Host-session={token}; __Host-session={token}"),
        "ipv6": lines("https://[::1]:9", "[::1]:9", "null", "cross-site", "", "__Host-session="),
    }


# ---- JSON ----


def documents():
    return {
        "values": compact({"text": "正文", "integer": 7, "bool": True, "object": {}, "array": [1, "2"],
                           "base64": base64.b64encode(b"12345").decode()}),
        "unknown": b'{"other":1}',
        "null": b'{"text":null,"array":null}',
        "wrong_types": b'{"text":1,"integer":"1"}',
        "numbers": b"[0,-1,1.5,1e300,9007199254740993,-0.0,1E-7]",
        "escapes": rb'["\u4e2d\ud83d\ude00\n\t\"\\\/"]',
        "lone_surrogate": rb'["\ud83d"]',
        "duplicate": b'{"a":1,"\\u0061":2}',
        "deep": b"[" * 13 + b"]" * 13,
        "trailing": b"{} {}",
        "nul": rb'{"a":"\u0000"}',
        "bad_utf8": b'["\xc0\x80"]',
    }


def answers():
    def answer(question, status, kind, body):
        return bytes([question]) + lines(str(status), kind, compact(body) if not isinstance(body, bytes) else body)

    b64 = base64.b64encode(b"0123456789abcdef").decode()
    job = {"id": "0" * 32, "secret": "s" * 43, "kind": "renew", "challenge": b64,
           "expires": "2026-12-01T00:00:00Z", "order": "20261122000001", "holder": "测试1023",
           "serial": "KEY00001", "approved": True, "not_after": "2027-12-01T00:00:00Z",
           "policy": {"key": "replace", "algorithm": "sm2", "dual": True}}
    issued = {"sign_certificate": b64, "encrypt_certificate": b64, "enveloped_key": b64, "chain": [b64]}
    kind = "application/json"
    problem = {"code": "ticket-used", "detail": "第二次\r\nused"}
    return {
        "job": answer(0, 200, kind, job),
        "job_seal": answer(0, 200, kind, {**job, "kind": "extend-seal", "seal": "ES1"}),
        "job_bad_id": answer(0, 200, kind, {**job, "id": "../x"}),
        "issued": answer(1, 200, kind + "; charset=utf-8", issued),
        "pending": answer(1, 202, kind, {"retry_after": 5}),
        "seal": answer(2, 200, kind, {"seal": b64, "chain": [b64, b64]}),
        "unblock": answer(3, 200, kind, {"data": base64.b64encode(b"\1" * 36).decode()}),
        "confirmed": answer(4, 200, kind, {"acknowledged": True}),
        "problem": answer(0, 409, "application/problem+json", problem),
        "page": answer(0, 200, "text/html", b"<html>"),
        "proxy": answer(1, 407, None, b""),
    }


def portal_requests():
    def ask(call, body, identity="0" * 32, authorization="Bearer " + "s" * 43):
        return bytes([call]) + lines(identity, authorization, compact(body))

    b64 = base64.b64encode(b"0123456789abcdef").decode()
    return {
        "redeem": ask(0, {"ticket": "t" * 43, "agent": "0.1.0", "certificates": [b64],
                          "token": {"serial": "KEY00001", "model": "m"}}),
        "request": ask(1, {"csr": b64, "proof": b64}),
        "seal": ask(2, {"seal": b64, "proof": b64}),
        "unblock": ask(3, {"purpose": "pin", "challenge": "MDEyMzQ1Njc=", "application": "AAE=",
                           "profile": "gmt0017-2012", "administrator_tries": 3}),
        "confirm": ask(4, {"outcome": "written", "digest": base64.b64encode(b"d" * 32).decode(), "proof": b64}),
        "no_authorization": ask(1, {"csr": b64, "proof": b64}, authorization=None),
        "empty": ask(0, {}),
    }


ZHANG, LI, SHEN, ADMIN, NOBODY = b"A", b"B", b"C", b"D", b"E"


def page_requests():
    """The first byte is who is logged in: two bidders, a reviewer, an administrator, nobody."""

    def ask(user, line, body=b"", kind=None):
        method, path = line.split()
        return user + lines(f"{method} /web/v1{path}", kind) + (body if isinstance(body, bytes) else compact(body))

    order = "/orders/20261122000001"
    invoice = {"kind": "special", "title": "测试1023", "tax_number": "91370100MA3CXXXX1X", "address": "a", "phone": "1",
               "bank": "b", "account": "2", "email": "a@b.test"}
    return {
        "log_in": ask(NOBODY, "POST /session", {"login": "zhang", "password": "correct horse battery"}),
        "nobody": ask(NOBODY, "GET /orders"),
        "session": ask(ZHANG, "GET /session"),
        "log_out": ask(ZHANG, "DELETE /session"),
        "password": ask(ZHANG, "PUT /session/password", {"old": "x", "new": "另一个足够长的新密码"}),
        "profile": ask(ZHANG, "PUT /profile", {"department": "x", "office_phone": "1", "email": "a@b.test"}),
        "orders": ask(ZHANG, "GET /orders?search=KEY&paid=false&limit=2"),
        "order": ask(ZHANG, f"GET {order}"),
        "order_new": ask(ZHANG, "POST /orders", {"serial": "KEY3"}),
        "order_edit": ask(ZHANG, f"PUT {order}", {"months": 12, "invoice": invoice}),
        "order_submit": ask(ZHANG, "POST /orders/20261122000002/submit", {}),
        "order_pay": ask(ZHANG, f"POST {order}/payment", {}),
        "order_ticket": ask(LI, "POST /orders/20261122000004/ticket", {"kind": "renew"}),
        "order_approve": ask(SHEN, "POST /orders/20261122000003/approve", {"note": "好"}),
        "order_reject": ask(SHEN, "POST /orders/20261122000003/reject", {"reason": "发票抬头不符"}),
        "attachment": ask(ZHANG, f"PUT {order}/attachments/a.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf"),
        "keys": ask(SHEN, "GET /keys?search=2059"),
        "key": ask(ZHANG, "GET /keys/KEY1"),
        "key_ticket": ask(ZHANG, "POST /keys/KEY1/ticket", {"kind": "check"}),
        "reset": ask(ZHANG, "POST /keys/KEY1/resets", {"reason": "忘记"}),
        "reset_approve": ask(SHEN, "POST /resets/1/approve", {}),
        "users": ask(ADMIN, "GET /users?search=z"),
        "user_new": ask(ADMIN, "POST /users", {"login": "wang", "name": "王", "role": "bidder", "organisation": "one",
                                               "password": "correct horse battery"}),
        "user_off": ask(ADMIN, "PUT /users/li", {"disabled": True}),
        "organisation": ask(ADMIN, "POST /organisations", {"name": "three"}),
        "audit": ask(ADMIN, "GET /audit?limit=5"),
        "downloads": ask(NOBODY, "GET /downloads/1"),
        "notification": ask(NOBODY, "POST /payments/notify/sandbox", b"x", "text/plain"),
        "unknown_field": ask(ZHANG, "POST /orders", {"serial": "KEY1", "x": 1}),
    }


def journal_facts():
    b64 = base64.b64encode(b"0123456789abcdef").decode()
    digest = base64.b64encode(b"d" * 32).decode()
    flags = {"container_is_ours": True, "key_changed": True, "requested": True, "written": False,
             "old_not_after": 7, "new_not_after": 8}
    job = {"id": "0" * 32, "secret": "s" * 43, "kind": "renew", "challenge": b64, "expires": 9,
           "order": "20261122000001", "approved": True, "replace_key": False, "dual": True, "not_after": 10}
    return {
        "empty": b"{}",
        "full": compact({**flags, "container": "renew-1", "csr": b64, "proof": b64, "job": job,
                         "issued": {"sign_cert": b64, "encrypt_cert": b64, "envelope": b64, "chain": [b64]},
                         "old_sign_cert": b64, "seal_file": "seal", "old_seal_digest": digest,
                         "written_digest": digest, "error": {"code": "pin-wrong", "detail": "x", "tries": 3}}),
        "flags": compact(flags),
        "error_without_words": compact({**flags, "error": {"code": "pin-wrong"}}),
        "short_digest": compact({**flags, "written_digest": b64}),
        "no_database": b"SQLite format 3\0" + b"\0" * 100,
    }


def journal_rows(facts):
    """What an agent finds that was ended in the middle; the first byte is what the platform says then."""

    def row(kind, state, step, about=facts["full"], platform="sunshine", origin="https://portal.test"):
        return lines(kind, origin, platform, state, step, "KEY1", about.decode())

    job = json.loads(facts["full"])["job"]
    lives = compact({**json.loads(facts["full"]), "job": {**job, "expires": 4102444800}})
    failed = compact({**json.loads(lives), "error": {"code": "platform-unreachable", "detail": "x"}})
    return {
        "confirmed_late": b"A" + row("renew", "unconfirmed", "confirm", lives),
        "not_confirmed": b"C" + row("renew", "unconfirmed", "confirm", lives),
        "refused_at_last": b"B" + row("renew", "waiting-platform", "confirm", lives),
        "ended_while_writing": b"A" + row("renew", "running", "write"),
        "reset_without_an_answer": b"A" + row("reset-pin", "running", "unblock", lives),
        "old_seal_left": b"A" + row("extend-seal", "running", "remove-old", lives),
        "may_go_on": b"E" + row("renew", "failed", "issue", failed) + row("extend-seal", "failed", "new-seal", failed),
        "platform_gone": b"A" + row("renew", "unconfirmed", "confirm", lives, platform="other", origin="https://o.test"),
        "unknown_words": b"A" + row("format", "running", "x") + row("renew", "sleeping", "x") + row("check", "running", "x"),
        "of_the_terminal": b"D" + row("change-pin", "waiting-user", "pin", b"{}", origin="-"),
        "broken_facts": b"A" + row("renew", "unconfirmed", "confirm", b"{") + row("renew", "running", "write", b"[]"),
    }


# ---- files of an administrator ----


def configurations():
    platform = "[platform sunshine]\nname = 阳光采购服务平台\norigin = https://portal.test\nroots = /etc/r.pem\n"
    return {
        "full": (f"[agent]\nport = 27510\nprompt_seconds = 60\npinentry = /usr/bin/pinentry\n{platform}"
                 "api = https://portal.test:8443/agent/v1\ntls_ca = /etc/t.pem\nseal_roots = /etc/s.pem\n"
                 "proxy =\n").encode(),
        "one": platform.encode(),
        "two": (platform + platform.replace("sunshine", "other")).encode(),
        "unknown_key": b"[agent]\nports = 1\n",
        "origin_with_path": platform.replace("portal.test", "portal.test/").encode(),
        "ipv6": platform.replace("portal.test", "[::1]:8443").encode(),
    }


PROFILE = """[profile]
name = test
model = Test Key
manufacturer = MAKER
label = CLIENT
atr = 3B..80
byte_order = big
pin_key = sha1-padded
verify_block = zeros
new_pin_block = length
mac_input = m1
mac_extra_block = no
pin_bytes_min = 6
pin_bytes_max = 16
file_name_bytes = 32
read_bytes = 1024
write_bytes = 1024
continuation = 6A9E
unblock_needs_admin_login = no
envelope = issued
"""


def trust_files():
    ours = {"Certificates": {"Install": ["other.pem", "ukeyd.pem"]}}
    record = {"wanted": True, "certificates": [base64.b64encode(b"0\x03\x02\x01\x05").decode()],
              "places": ["/home/u/.pki/nssdb"], "made": ["/home/u/.pki"]}
    note = {"before": base64.b64encode(b"{}").decode(), "after": base64.b64encode(b"{ }").decode(),
            "added": {"Install": ["ukeyd.pem"], "SkipDomains": []}}
    return {
        "no_policies": b"p{}",
        "policies": b"p" + compact({"policies": {"DisableTelemetry": True, **ours}}),
        "policies_of_pages": b"p" + compact({"policies": {"LocalNetworkAccess": {"SkipDomains": ["a.test"]}}}),
        "policies_no_list": b"p" + compact({"policies": {"Certificates": {"Install": "ukeyd.pem"}}}),
        "policies_array": b"p[]",
        "policies_spaced": b'p{\n  "policies" : { }\n}\n',
        "note": b"r" + compact(note),
        "note_no_list": b"r" + compact({**note, "added": {"Install": "x"}}),
        "record": b"t" + compact(record),
        "record_relative": b"t" + compact({**record, "places": ["../x"]}),
        "record_twice": b"t" + compact({**record, "made": ["/a", "/a"]}),
        "pem": b"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n",
        "pem_other_lines": b"x\r\n-----BEGIN CERTIFICATE-----\r\nMAMC\r\nAQU=\r\n-----END CERTIFICATE-----",
        "pem_unfinished": b"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n",
    }


def profiles():
    return {
        "full": PROFILE.encode(),
        "without_a_line": PROFILE.replace("mac_input = m1\n", "").encode(),
        "doubled": (PROFILE + "name = again\n").encode(),
        "out_of_range": PROFILE.replace("= 16", "= 99").encode(),
    }


# ---- people and pinentry ----


def pinentry():
    return {
        "pin": b"OK Pleased to meet you\nD 123%34%0A56\nOK\n",
        "cancel": b"OK\nERR 83886179 Operation cancelled <Pinentry>\n",
        "quality": b"OK\nINQUIRE QUALITY 1234\nINQUIRE QUALITY 12%33%\nS PIN_REPEATED\nD 1\nOK\n",
        "inquiry": b"OK\nINQUIRE OTHER x\nOK\n",
        "comment": b"# hello\nS KEYINFO x\nOK\n",
        "escape_at_end": b"OK\nD abc%\nOK\n",
        "too_long": b"OK\nD " + b"1" * 200 + b"\nOK\n",
        "endless_line": b"D" + b"x" * 2000,
        "no_line_end": b"OK",
    }


def png():
    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND", b""))


def jpeg():
    def segment(marker, content):
        return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

    return (b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + segment(0xDB, b"\0" + b"\1" * 64)
            + segment(0xC0, b"\x08\0\1\0\1\1\1\x11\0") + segment(0xC4, b"\0" + b"\0" * 16)
            + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\0\x56" + b"\xff\xd9")


def pdf():
    body = (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\n"
            b"endobj\n")
    return body + (b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Size 3>>\nstartxref\n%d\n%%%%EOF\n"
                   % len(body))


def attachments():
    return {
        "pdf": lines("营业执照.pdf", "application/pdf", pdf()),
        "png": lines("a.png", "image/png", png()),
        "jpeg": lines("b.jpg", "image/jpeg", jpeg()),
        "jpeg_as_png": lines("b.png", None, jpeg()),
        "behind_the_end": lines("a.png", "image/png", png() + b"PK\3\4"),
        "path": lines("../a.pdf", None, pdf()),
        "turned": lines("a\u202efdp.exe", None, pdf()),
    }


def queries():
    return {
        "first_page": lines("20", None, None, "测试单位 2026".encode()),
        "after": lines("100", "o" + "0" * 15 + "7", None, b"ABC"),
        "before": lines(None, None, "o00000000000000ff", b'"OR" NEAR(a b) *'),
        "both": lines("1", "o" + "0" * 16, "o" + "0" * 16, b"x"),
        "other_list": lines("0", "k" + "f" * 16, None, "ＡＢＣ".encode()),
        "many_words": lines("7", None, None, b"a b c d e f g h i j"),
    }


# ---- the virtual reader ----


def vpcd():
    def frames(*hexadecimal):
        parts = [bytes.fromhex(text) for text in hexadecimal]
        return b"".join(struct.pack(">H", len(part)) + part for part in parts)

    return {
        "session": frames("01", "04", "80040000000000", "805000000000000008", "02", "00"),
        "applications": frames("01", "802200000000000000", "8026000000000643 4C49454E54", "04"),
        "short": frames("01", "80"),
        "empty_frame": b"\0\0",
        "cut": b"\0\5\x80\x04",
        "unknown_control": frames("07"),
    }


# ---- the virtual PIV token ----

PLAIN, ODD, LOGGED_IN = 2, 3, 0x80


def sim_piv():
    """choice: the profile's number, and whether the token is logged in."""

    def commands(choice, *hexadecimal):
        parts = [bytes.fromhex(text) for text in hexadecimal]
        return bytes([choice]) + b"".join(struct.pack(">H", len(part)) + part for part in parts)

    select = "00A4040009A00000030800001000"
    long = "10DB3FFF FF 5C035FC10553820200" + "AA" * 246
    sign = "0087119C26 7C24 8200 8120" + "5A" * 32 + "00"
    return {
        "plain_select": commands(PLAIN, select, "00C0000000"),
        "pin": commands(0, select, "0020008008313233343536FFFF", "0020008000", "0020FF8000"),
        "locked": commands(ODD, *["0020008008363534333231FFFF"] * 6, "002C0080103132333435363738363534333231FFFF"),
        "change": commands(0, select, "0024008010313233343536FFFF363534333231FFFF"),
        "objects": commands(LOGGED_IN, "00DB3FFF0A5C035FC10A53037001AA", "00CB3FFF055C035FC10A00", "00DB3FFF075C035FC10A5300"),
        "chain": commands(LOGGED_IN | PLAIN, long, "10DB3FFF FF" + "AA" * 255, "00DB3FFF 0B" + "AA" * 11,
                          "00CB3FFF055C035FC10500", "00C0000000", "00C0000000"),
        "generate": commands(LOGGED_IN, "0047008205AC0380011100", "00F7008200", "00F6FF8200"),
        "move": commands(LOGGED_IN, "00F6829C", "00F68382", "00F79C0000"),
        "sign": commands(LOGGED_IN, sign, sign),
        "extended": commands(LOGGED_IN, "00CB3FFF0000055C035FC1020000", "00FD000000", "00F8000000"),
        "retries": commands(LOGGED_IN, "00FA0508", "00F7008000", "00F7009B00"),
        "prove": commands(1, select, "0087039B047C02800000", "0087039B0C7C0A82080000000000000000"),
        "discovery": commands(0, select, "00CB3FFF035C017E00"),
        "wrong_length": commands(0, select, "00200080 09 31", "00"),
    }


def sim_states():
    key = base64.b64encode(bytes(range(1, 9)) * 3).decode()
    pin = {"value": base64.b64encode(b"123456\xff\xff").decode(), "max": 3, "left": 3}
    piv = {"format": "ukey-sim 1", "family": "piv", "profile": "piv-5.4", "serial": "77", "label": None, "commands": 1,
           "pin": pin, "puk": pin, "management": {"algorithm": "3des", "key": key}, "slots": [],
           "objects": [{"tag": 0x5FC10A, "content": "cAGq"}]}
    gmt0017 = {"format": "ukey-sim 1", "profile": "longmai", "serial": "S1", "label": "L", "commands": 0,
               "device_key": base64.b64encode(b"1234567812345678").decode(), "device_max": 8, "device_left": 8,
               "applications": []}
    emptied = [{"tag": 0x5FC10A, "content": ""}]
    return {
        "piv": compact(piv),
        "piv_emptied": compact({**piv, "profile": "piv-plain", "serial": "00112233445566778899AABBCCDDEEFF",
                                "objects": emptied}),
        "piv_empty_object": compact({**piv, "objects": emptied}),
        "piv_twins": compact({**piv, "objects": piv["objects"] * 2}),
        "piv_slot_without_key": compact({**piv, "slots": [{"slot": 0x9C, "pin_policy": 3, "key": "AA=="}]}),
        "piv_key_of_another_cipher": compact({**piv, "management": {"algorithm": "aes128", "key": key}}),
        "gmt0017": compact(gmt0017),
        "gmt0017_no_tries": compact({**gmt0017, "device_left": 9}),
    }


# ---- X.509, by the openssl program ----


class Maker:
    def __init__(self, folder):
        self.folder = Path(folder)

    def openssl(self, *command):
        return run("openssl", *command, cwd=self.folder)

    def key(self, name, sm2):
        kind = ["EC", "-pkeyopt", "ec_paramgen_curve:SM2"] if sm2 else ["RSA"]
        self.openssl("genpkey", "-algorithm", *kind, "-out", f"{name}.key")

    @staticmethod
    def digest(sm2):
        return ["-sm3", "-sigopt", SM2_ID] if sm2 else ["-sha256"]

    def certificate(self, name, sm2, extensions):
        self.key(name, sm2)
        added = [word for text in extensions for word in ("-addext", text)]
        return self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-outform", "DER", "-days", "8000",
                            "-subj", "/C=CN/O=测试1023/CN=张三", "-utf8", *added, *self.digest(sm2))

    def request(self, name, sm2):
        return self.openssl("req", "-new", "-key", f"{name}.key", "-outform", "DER", "-utf8", "-subj",
                            "/C=CN/O=测试1023/CN=张三", *self.digest(sm2))

    def public(self, name):
        return self.openssl("pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER")


def item(tag, *contents):
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(content):
    content = content.lstrip(b"\0") or b"\0"
    return item(2, (b"\0" if content[0] & 0x80 else b"") + content)


def envelope(point, both_halves):
    """The point stands for all points; nothing is enciphered."""
    private = hashlib.sha256(b"enciphered").digest()
    cipher = item(0x30, integer(point[:32]), integer(point[32:]), item(4, b"\3" * 32), item(4, b"\2" * 16))
    algorithm = item(0x30, item(6, bytes.fromhex("2A811CCF55016801")))
    key = private + (b"\0" * 32 if both_halves else b"")
    return item(0x30, algorithm, cipher, item(3, b"\0\4" + point), item(3, b"\0" + key))


def certs(made):
    ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
    with TemporaryDirectory() as folder:
        maker = Maker(folder)
        sm2_root = maker.certificate("root", True, ca)
        rsa_root = maker.certificate("rsa", False, ca)
        pem = b"".join(b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
                       for der in (sm2_root, rsa_root))
        made["cert"] = {
            "sm2_root.der": sm2_root,
            "rsa_root.der": rsa_root,
            "sm2_sign.der": maker.certificate("sign", True, ["keyUsage=critical,digitalSignature"]),
            "sm2_encrypt.der": maker.certificate("encrypt", True, ["keyUsage=keyEncipherment"]),
            "roots.pem": pem,
        }
        made["csr"] = {"sm2.der": maker.request("sign", True), "rsa.der": maker.request("rsa", False)}
        public = maker.public("encrypt")
        made["envelope"] = {"one_half.der": envelope(public[-64:], False),
                            "both_halves.der": envelope(public[-64:], True),
                            "trailing.der": envelope(public[-64:], False) + b"\0"}
        made["der"] = {
            "sm2_key.der": public,
            "rsa_key.der": maker.public("rsa"),
            "signature.der": item(0x30, integer(b"\x81" * 32), integer(b"\x11" * 31)),
            "types.der": item(0x30, item(1, b"\xff"), item(5), item(6, b"\x2a\3"), item(0x0C, b"a"),
                              item(0x17, b"261122000000Z"), item(0x18, b"20261122000000Z"),
                              item(0x31, item(0xA0, integer(b"\7")))),
            "indefinite.der": b"\x30\x80\0\0",
        }


# ---- a PIV card's answers ----

OK, NONE, NO_KEY = b"\x90\0", b"\x6a\x82", b"\x6a\x88"
PIV_CALLS = ("read_pairs", "read_cert", "read_pin_state", "sign", "create_pair", "write_cert", "make_current",
             "delete_pair", "list_files", "write_file", "change_pin", "unblock", "manage", "check_same")


def point(first):
    return b"\4" + bytes([first]) * 64


def unsigned_certificate(first):
    algorithm = item(0x30, item(6, bytes.fromhex("2B06010505070624")))
    moment = item(0x17, b"000101000000Z")
    kind = bytes.fromhex("301306072A8648CE3D020106082A8648CE3D030107")
    body = item(0x30, item(0xA0, integer(b"\2")), integer(b"\1"), algorithm, item(0x30),
                item(0x30, moment, moment), item(0x30), item(0x30, kind, item(3, b"\0" + point(first))))
    return item(0x30, body, algorithm, item(3, b"\0"))


def certificate_object(first, name=b"", der=None):
    der = unsigned_certificate(first) if der is None else der
    named = item(0x72, name) if name else b""
    return item(0x53, item(0x70, der), item(0x71, b"\0"), named, item(0xFE)) + OK


def piv():
    """Calls and what the card answers; see fuzz_piv.c."""
    opened = [OK, bytes.fromhex("00BC614E") + OK]
    history = item(0x53, item(0xC1, b"\1"), item(0xC2, b"\0"), item(0xFE)) + OK
    # A "signed" certificate is one whose algorithm is another.
    signed = unsigned_certificate(2).replace(bytes.fromhex("2B06010505070624"),
                                             bytes.fromhex("2B06010505070625"))
    slots = [history, certificate_object(1), certificate_object(2, b"renew-1", signed), NONE]
    metadata = item(1, b"\x0a") + item(5, b"\1") + OK
    challenge = item(0x7C, item(0x81, bytes(range(16)))) + OK
    managed = [metadata, challenge, OK]
    tries = item(1, b"\xff") + item(5, b"\1") + item(6, b"\3\3") + OK
    key = item(1, b"\x11") + item(4, item(0x86, point(1))) + OK
    new_key = b"\x7f\x49" + bytes([67]) + item(0x86, point(3)) + OK
    file = item(0x53, item(0x80, b"seal"), item(0x81, b"content")) + OK
    signature = item(0x7C, item(0x82, item(0x30, integer(b"\5"), integer(b"\6")))) + OK
    answers_to = {
        "read_pairs": slots, "read_cert": slots + [slots[2]], "read_pin_state": [tries, tries],
        "sign": [OK] + slots + [signature], "create_pair": managed + slots + [NO_KEY, new_key, OK],
        "write_cert": managed + slots + [OK, OK, OK],
        "make_current": managed + slots + [b"\5\7\1" + OK, key, NO_KEY, OK, OK, OK, OK, OK, OK, OK, OK],
        "delete_pair": managed + slots + [OK, b"\5\7\1" + OK, OK, OK, OK],
        "list_files": [file, NONE], "write_file": managed + [NONE, NONE] + [OK] * 7,
        "change_pin": [OK], "unblock": [OK, OK], "manage": managed, "check_same": [opened[1]],
    }
    made = {}

    def add(name, call, *answers, extended=False):
        body = b"".join(struct.pack(">H", len(answer)) + answer for answer in answers)
        made[name] = bytes([PIV_CALLS.index(call), extended]) + body

    for call, answers in answers_to.items():
        add(call, call, *opened, *answers)
        add(call + "_extended", call, *opened, *answers, extended=True)
    guid = item(0x53, item(0x34, bytes(range(16)))) + OK
    plain = [b"\x61\2", b"\x61\0" + OK, b"\x6d\0", guid]
    add("by_guid", "read_pin_state", *plain, b"\x6d\0", b"\x63\xc3")
    add("no_serial", "check_same", OK, b"\x6d\0", NONE)
    add("in_parts", "read_pairs", *opened, history, slots[1][:100] + b"\x61\x64", slots[1][100:], NONE, NONE)
    add("another_length", "read_pairs", *opened, b"\x6c\x0a", history, NONE, NONE, NONE)
    add("pin_again", "sign", *opened, OK, *slots, b"\x69\x82", OK, signature)
    add("interrupted", "make_current", *opened, *managed, history, certificate_object(1, b"old", signed),
        certificate_object(2, b"renew-1", signed), certificate_object(1, b"old", signed), NONE, key, NO_KEY, key,
        b"\5\7\1" + OK, *[OK] * 6)
    packed = zlib.compress(signed)
    add("compressed", "read_pairs", *opened, history,
        item(0x53, item(0x70, packed), item(0x71, b"\1"), item(0xFE)) + OK, NONE, NONE)
    return made


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    made = {
        "assuan": pinentry(), "attachment": attachments(), "config": configurations(), "gate": gates(),
        "guard": guards(), "http_head": http_heads(), "journal": journal_facts(), "json": documents(),
        "pages": page_requests(), "piv": piv(), "portal_api": portal_requests(), "profile": profiles(), "query": queries(),
        "remote": answers(), "resume": journal_rows(journal_facts()), "sim_piv": sim_piv(),
        "sim_state": sim_states(), "trust": trust_files(), "vpcd": vpcd(),
        "web": web_requests(), "websocket": websocket_frames(),
    }
    certs(made)
    for target, inputs in made.items():
        folder = Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in inputs.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
