"""A WebSocket client for tests: text messages from the agent, over TLS. Source: RFC 6455."""

import base64
import hashlib
import json
import os
import socket
import threading

from processes import PATIENCE

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    def __init__(self, head):
        super().__init__(head.splitlines()[0])
        self.head = head
        self.status = int(head.split(" ", 2)[1])


class EventStream:
    """Collects the events of /v1/events in a thread of its own; wait_for() looks among them."""

    def __init__(self, tls, port, origin, protocol="ukeyd.v1"):
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.stream = tls.wrap_socket(raw, server_hostname="127.0.0.1")
        key = base64.b64encode(os.urandom(16))
        lines = [
            "GET /v1/events HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}",
        ]
        lines += [f"Origin: {origin}"] if origin else []
        lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        self.stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        head = self._head()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        if not head.startswith("HTTP/1.1 101 ") or accept not in head:
            self.stream.close()
            raise Refused(head)
        self.stream.settimeout(None)
        self.events = []
        self.arrived = threading.Condition()
        self.closed = False
        self.reader = threading.Thread(target=self._collect, daemon=True)
        self.reader.start()

    def _head(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.stream.recv(4096)
            if not more:
                raise ConnectionError("closed before the answer's head was complete")
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def _take(self, count):
        while len(self.buffer) < count:
            more = self.stream.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _frame(self):
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self._take(2), "big")
        elif length == 127:
            length = int.from_bytes(self._take(8), "big")
        return first & 0x0F, self._take(length)

    def _collect(self):
        try:
            while True:
                kind, payload = self._frame()
                if kind == PING:
                    self._send(PONG, payload)
                elif kind == CLOSE:
                    break
                elif kind == TEXT:
                    with self.arrived:
                        self.events.append(json.loads(payload))
                        self.arrived.notify_all()
        except (OSError, ValueError):
            pass
        with self.arrived:
            self.closed = True
            self.arrived.notify_all()

    def _send(self, kind, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)

    def send_text(self, text):
        self._send(TEXT, text.encode())

    def send_large(self, size_bytes):
        """One text message of so many bytes."""
        head = bytes([0x80 | TEXT, 0x80 | 127]) + size_bytes.to_bytes(8, "big")
        self.stream.sendall(head + bytes(4) + b"x" * size_bytes)

    def wait_for(self, wanted, seconds=PATIENCE):
        """The first event, seen or still to come, for which wanted(event) is true."""
        with self.arrived:
            self.arrived.wait_for(lambda: self.closed or any(map(wanted, self.events)), seconds)
            found = [event for event in self.events if wanted(event)]
        assert found, f"no such event within {seconds} s; seen: {self.events}"
        return found[0]

    def wait_closed(self, seconds=PATIENCE):
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.closed, seconds), "still open"

    def close(self):
        """Its descriptor goes only when the reader has left it: the number may be another's at once."""
        try:
            self._send(CLOSE, b"\x03\xe8")
        except OSError:
            pass
        self.reader.join(5)
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(5)
        self.stream.close()
