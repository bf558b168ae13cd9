"""A key with a second application beside the first, as a YubiKey has OpenPGP beside PIV: it stands between
the virtual key and the reader, and answers for the second one itself."""

import socket

from listening import Listening
from pcscd import SLOT_PORTS

CONTROLS = (b"\x00", b"\x01", b"\x02")  # power off, power on, reset: without an answer
GET_ATR = b"\x04"
OPENPGP = bytes.fromhex("D27600012401")
SELECT = b"\x00\xa4\x04"
GET_DATA = b"\x00\xca"
PIN_COMMANDS, HEADER_BYTES = (0x20, 0x24, 0x2C), 5
OK, NOT_FOUND, NOT_HERE = b"\x90\x00", b"\x6a\x88", b"\x6d\x00"


def tlv(tag, *parts):
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes.fromhex(tag) + length + content


# OpenPGP card 2.0, 4.3.1 and 4.4.3: as much as GnuPG reads before it takes the application for one.
AID = bytes.fromhex("D276000124010200FFFE0000000100" "00")
HISTORICAL = bytes.fromhex("0031C573C0010590" "00")
RSA_2048 = bytes.fromhex("010800001100")
APPLICATION = tlv(
    "6E",
    tlv("4F", AID),
    tlv("5F52", HISTORICAL),
    tlv("73", tlv("C0", bytes(10)), tlv("C1", RSA_2048), tlv("C2", RSA_2048), tlv("C3", RSA_2048),
        tlv("C4", bytes.fromhex("00202020030003")), tlv("C5", bytes(60)), tlv("C6", bytes(60)), tlv("CD", bytes(12))),
)  # fmt: skip
OBJECTS = {0x004F: AID, 0x5F52: HISTORICAL, 0x006E: APPLICATION, 0x00C4: bytes.fromhex("00202020030003")}


def take(line, count):
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise ConnectionError("the other side hung up")
        data += more
    return data


def take_message(line):
    return take(line, int.from_bytes(take(line, 2), "big"))


def send_message(line, message):
    line.sendall(len(message).to_bytes(2, "big") + message)


class TwoApplications(Listening):
    """The virtual key is plugged in at port. strayed: what reached the second application and is none of its
    business, such as a PIN of the first."""

    def __init__(self, slot=0):
        self.slot = slot
        self.second = False  # it is selected
        self.selections = 0
        self.strayed = []
        super().__init__(socket.create_server(("127.0.0.1", 0)), self._between)

    def strayed_secrets(self):
        """Those that carry a PIN or a PUK."""
        return [command for command in self.strayed if command[1] in PIN_COMMANDS and len(command) > HEADER_BYTES]

    def _between(self, key):
        with socket.create_connection(("127.0.0.1", SLOT_PORTS[self.slot])) as reader:
            while True:
                command = take_message(reader)
                if command in CONTROLS:
                    self.second = False
                    send_message(key, command)
                    continue
                send_message(reader, self._answer(key, command))

    def _answer(self, key, command):
        if command.startswith(SELECT):
            self.second = command[5:].startswith(OPENPGP)
            self.selections += self.second
        if command == GET_ATR or not self.second:
            send_message(key, command)
            return take_message(key)
        return self._second_answer(command)

    def _second_answer(self, command):
        if command.startswith(SELECT):
            return OK
        if command.startswith(GET_DATA):
            content = OBJECTS.get(int.from_bytes(command[2:4], "big"))
            return NOT_FOUND if content is None else content + OK
        self.strayed.append(command)
        return NOT_HERE
