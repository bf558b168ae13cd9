"""A smart-card service that refuses: it speaks pcsc-lite's first two messages on pcscd's socket."""

import socket
import struct

from listening import Listening
from pcscd import SOCKET

VERSION, ESTABLISH_CONTEXT = 0x11, 0x01  # commands of pcsc-lite's protocol
SUCCESS, NO_SERVICE, SECURITY_VIOLATION = 0, 0x8010001D, 0x8010006A


class FakePcscd(Listening):
    """version, context: what it answers to each; None: nothing, ever."""

    def __init__(self, version=SUCCESS, context=SUCCESS):
        self.version = version
        self.context = context
        SOCKET.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(SOCKET))
        super().__init__(listener, self._answer)

    def stop(self):
        super().stop()
        SOCKET.unlink(missing_ok=True)

    def _answer(self, line):
        while True:
            head = line.recv(8, socket.MSG_WAITALL)
            if len(head) < 8:
                return
            size, command = struct.unpack("=II", head)
            body = line.recv(size, socket.MSG_WAITALL) if size else b""
            answer = self._answer_to(command, body)
            if answer is None:
                return
            line.sendall(answer)

    def _answer_to(self, command, body):
        """None: to hang up."""
        if command == VERSION:
            major, minor, _ = struct.unpack("=iiI", body)
            return b"" if self.version is None else struct.pack("=iiI", major, minor, self.version)
        if command == ESTABLISH_CONTEXT:
            scope, context, _ = struct.unpack("=III", body)
            return b"" if self.context is None else struct.pack("=III", scope, context, self.context)
        return None
