"""A card of no known family in a slot of the virtual reader: it refuses every command."""

import socket
import threading

from pcscd import SLOT_PORTS

ATR = bytes.fromhex("3B80800101")
POWER_OR_RESET, GET_ATR = (b"\x00", b"\x01", b"\x02"), b"\x04"


class UnknownCard:
    """commands holds what was sent to it."""

    def __init__(self, slot=0, status=b"\x6d\x00"):
        self.status = status
        self.commands = []
        self.line = socket.create_connection(("127.0.0.1", SLOT_PORTS[slot]))
        threading.Thread(target=self._serve, daemon=True).start()

    def _take(self, count):
        data = b""
        while len(data) < count:
            more = self.line.recv(count - len(data))
            if not more:
                raise ConnectionError("the reader hung up")
            data += more
        return data

    def _serve(self):
        try:
            while True:
                message = self._take(int.from_bytes(self._take(2), "big"))
                if message in POWER_OR_RESET:
                    continue
                answer = ATR if message == GET_ATR else self.status
                if message != GET_ATR:
                    self.commands.append(message)
                self.line.sendall(len(answer).to_bytes(2, "big") + answer)
        except OSError:
            pass

    def stop(self):
        self.line.close()
