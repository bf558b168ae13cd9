"""A real HTTP proxy (CONNECT), with a log-in or without, or one that refuses."""

import base64
import hashlib
import re
import select
import socket

from listening import Listening

REALM = "scenario"
NONCE = "0123456789abcdef"


class ProxyServer(Listening):
    """login: ("user", "password") that it wants, None: none. scheme: "basic" or "digest". refuse: the status
    that every CONNECT gets instead. targets holds what was connected to, seen what the clients sent."""

    def __init__(self, login=None, scheme="basic", refuse=None):
        self.login = login
        self.scheme = scheme
        self.refuse = refuse
        self.targets = []
        self.seen = []
        super().__init__(socket.create_server(("127.0.0.1", 0)), self._converse)
        self.url = f"http://127.0.0.1:{self.port}"

    def _converse(self, line):
        while self._request(line):
            pass

    def _request(self, line):
        """One request; True: another may follow on the same connection."""
        head = read_head(line)
        if not head:
            return False
        self.seen.append(head)
        target = re.match(r"CONNECT (\S+) HTTP/1\.1", head)
        if self.refuse or not target:
            line.sendall(f"HTTP/1.1 {self.refuse or 405} No\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        if self.login and not self._authorized(head, target.group(1)):
            line.sendall(f"HTTP/1.1 407 Log in\r\nProxy-Authenticate: {self._challenge()}\r\n"
                         "Content-Length: 0\r\n\r\n".encode())
            return True
        host, _, port = target.group(1).rpartition(":")
        self.targets.append(target.group(1))
        with socket.create_connection((host.strip("[]"), int(port))) as far:
            line.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            pump(line, far)
        return False

    def _challenge(self):
        if self.scheme == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'

    def _authorized(self, head, target):
        sent = re.search(r"^Proxy-Authorization: (\w+) (.*?)\r$", head, re.MULTILINE | re.IGNORECASE)
        if not sent or sent.group(1).lower() != self.scheme:
            return False
        if self.scheme == "basic":
            return base64.b64decode(sent.group(2)).decode() == ":".join(self.login)
        return self._digest_is_right(sent.group(2), target)

    def _digest_is_right(self, fields, target):
        """Source: RFC 7616 3.4.1, with MD5 and qop=auth."""
        given = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', fields)}
        user, password = self.login
        first = md5(f"{user}:{REALM}:{password}")
        second = md5(f"CONNECT:{target}")
        wanted = md5(f"{first}:{NONCE}:{given.get('nc')}:{given.get('cnonce')}:auth:{second}")
        return given.get("username") == user and given.get("response") == wanted


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def read_head(line):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = line.recv(1)
        if not more:
            return ""
        head += more
    return head.decode()


def pump(one, other):
    """Bytes both ways until one side ends."""
    ways = {one: other, other: one}
    while True:
        for ready in select.select(list(ways), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            ways[ready].sendall(data)
