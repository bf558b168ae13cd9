"""The sandbox payment service as a process, what a payer does on its page, and what only its key can sign."""

import base64
import json
import re
import ssl
import struct
import time
import urllib.error
import urllib.request
from hashlib import sha256
from urllib.parse import urljoin

from pcscd import free_port
from processes import Process, run, run_json

NOTIFICATION, ANSWER = "notification", "answer"


class Sandbox:
    """portal: a stopped or running scenario Portal; it is configured, and must be started anew for it."""

    def __init__(self, programs, folder, portal):
        self.program = programs / "ukey-pay"
        self.folder = folder
        self.portal = portal
        self.process = None
        self.listen = f"127.0.0.1:{free_port()}"
        self.url = f"https://{self.listen}"
        merchant = folder.with_suffix(".merchant.pem")
        merchant.write_text(portal.admin("payment", "key")["merchant_key"])
        self.merchant_key = merchant
        made = self.command("init", "--portal-key", merchant, "--portal-ca", portal.tls_ca)
        self.key, self.tls_ca = made["service_key"], made["service_ca"]
        self.configure(self.url, self.tls_ca)

    def configure(self, url, tls_ca):
        words = ["--service", url, "--service-key", self.key, "--service-ca", tls_ca]
        self.portal.admin("payment", "configure", *words)

    def command(self, *words):
        return run_json([self.program, "--folder", self.folder, *words])

    def start(self):
        arguments = ["run", "--listen", self.listen]
        if self.portal.origin:
            arguments += ["--portal", self.portal.origin]
        command = [self.program, "--folder", self.folder, *arguments]
        self.process = Process("pay", command, self.folder.parent)
        self.process.wait_for_line("^listening on ")

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def notify(self, how):
        self.command("control", "--notify", how)

    def trade(self, name):
        """What the service knows of it; None: nothing."""
        found = [trade for trade in self.command("list") if trade["trade"] == name]
        return found[0] if found else None

    def payer(self):
        return Payer(self)

    def sign(self, kind, content, key=None, to=None, age=0):
        """An envelope as the service would make it. key, to: another signer's, another recipient's key file;
        age: seconds since."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
        frame = {"to": key_id(to or self.merchant_key), "at": at, "nonce": "00112233445566778899aabbccddeeff"}
        message = json.dumps({**content, **frame}).encode()
        label = f"ukey-pay/1/{kind}".encode()
        signed = self.folder / "signed.bin"
        signed.write_bytes(struct.pack(">I", len(label)) + label + struct.pack(">I", len(message)) + message)
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-in", signed]
        signature = run([*command, "-inkey", key or self.folder / "service.key"]).stdout
        envelope = {"message": message, "signature": signature}
        return json.dumps({name: base64.b64encode(part).decode() for name, part in envelope.items()}).encode()


def key_id(public_key):
    der = run(["openssl", "pkey", "-pubin", "-in", public_key, "-outform", "DER"]).stdout
    return sha256(der).hexdigest()


def fact(trade, amount_fen, state="paid", **more):
    """What a notification or an answer says."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    found = {"trade": trade, "amount_fen": amount_fen, "state": state, "since": since, **more}
    if state in ("paid", "refunded"):
        found.setdefault("service_trade", f"SB-{trade[-16:]}")
    return found


class Page:
    def __init__(self, status, url, html):
        self.status = status
        self.url = url
        self.html = html

    @property
    def actions(self):
        """The buttons' words and where they lead."""
        form = re.compile(r'<form method="post" action="([^"]+)"><button[^>]*>([^<]+)</button>')
        return {word: action for action, word in form.findall(self.html)}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, response, code, message, headers, url):
        return None


class Payer:
    """A browser that knows the service alone: it never follows an address back to the platform."""

    def __init__(self, sandbox):
        context = ssl.create_default_context(cafile=str(sandbox.tls_ca))
        self.origin = sandbox.url
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPSHandler(context=context)
        )

    def _fetch(self, url, body=None):
        try:
            with self.opener.open(urllib.request.Request(url, data=body), timeout=20) as answer:
                return Page(answer.status, url, answer.read().decode()), None
        except urllib.error.HTTPError as error:
            return Page(error.code, url, error.read().decode()), error.headers["Location"]

    def open(self, url):
        """The page, after the service's own redirections."""
        page, location = self._fetch(url)
        while location:
            page, location = self._fetch(urljoin(url, location))
        return page

    def press(self, page, word):
        """Where the button leads: an address at the platform, or a page."""
        answer, location = self._fetch(self.origin + page.actions[word], b"")
        return location or answer

    def pay(self, url):
        return self.press(self.open(url), "支付")
