"""A smart-card service that refuses: it speaks pcsc-lite's first two messages on pcscd's socket."""

import socket
import struct
import threading

from pcscd import SOCKET

VERSION, ESTABLISH_CONTEXT = 0x11, 0x01  # commands of pcsc-lite's protocol
SUCCESS, NO_SERVICE, SECURITY_VIOLATION = 0, 0x8010001D, 0x8010006A


class FakePcscd:
    """version, context: what it answers to each."""

    def __init__(self, version=SUCCESS, context=SUCCESS):
        self.version = version
        self.context = context
        SOCKET.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(SOCKET))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()
        SOCKET.unlink(missing_ok=True)

    def _accept(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with line:
            while True:
                head = line.recv(8, socket.MSG_WAITALL)
                if len(head) < 8:
                    return
                size, command = struct.unpack("=II", head)
                body = line.recv(size, socket.MSG_WAITALL) if size else b""
                if command == VERSION:
                    major, minor, _ = struct.unpack("=iiI", body)
                    line.sendall(struct.pack("=iiI", major, minor, self.version))
                elif command == ESTABLISH_CONTEXT:
                    scope, context, _ = struct.unpack("=III", body)
                    line.sendall(struct.pack("=III", scope, context, self.context))
                else:
                    return
