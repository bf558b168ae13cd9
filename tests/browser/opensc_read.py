"""The certificates on a key as a program that is not ours reads them, through the same pcscd: of a PIV token as
OpenSC's pkcs15-tool knows it, of a GM/T 0017 key by raw commands of GM/T 0017-2012 that opensc-tool sends.

Each run of opensc-tool is a connection of its own, so every step sends what came before it again and
makes sure that the key gave the same numbers."""

import base64
import re

from processes import run

ENUM_APPLICATION, OPEN_APPLICATION = 0x22, 0x26
ENUM_CONTAINER, OPEN_CONTAINER, EXPORT_CERTIFICATE = 0x46, 0x42, 0x4E
OK = "9000"
AT_ID, ID_BYTES = 8, 2  # of OpenApplication's answer
LENGTH_BYTES = 4  # before an exported certificate
USAGES = {"sign": 1, "encrypt": 0}
ANSWER = re.compile(r"^Received \(SW1=0x(..), SW2=0x(..)\):?(.*?)(?=^Sending|\Z)", re.M | re.S)
DRIVER = "MaskTech"  # lets extended commands through, as "default" does not, and sends none of its own


def command(instruction, data=b"", p1=0):
    """An extended APDU that asks for everything."""
    head = f"80{instruction:02X}{p1:02X}00"
    body = f"00{len(data):04X}{data.hex()}0000" if data else "000000"
    return head + body


def dumped(text):
    """The bytes of a hex dump: each line has "XX " for every byte, then one character for every byte."""
    found = bytearray()
    for line in text.strip("\n").splitlines():
        found += bytes.fromhex(line[: len(line) // 4 * 3])
    return bytes(found)


def send(*commands):
    """The answers, in one connection. All must be 9000."""
    words = [word for sent in commands for word in ("-s", sent)]
    done = run(["opensc-tool", "--card-driver", DRIVER, *words])
    answers = ANSWER.findall(done.stdout.decode("latin-1"))
    assert len(answers) == len(commands), done.stdout
    for sent, (sw1, sw2, _) in zip(commands, answers):
        assert sw1 + sw2 == OK, f"{sent} was answered with {sw1}{sw2}"
    return [dumped(text) for _, _, text in answers]


def names(listing):
    return [name for name in listing.split(b"\0") if name]


class Key:
    """The first application of the key in the first reader."""

    def __init__(self):
        (application, *_) = names(send(command(ENUM_APPLICATION))[0])
        self.open = command(OPEN_APPLICATION, application)
        (opened,) = send(self.open)
        self.id = opened[AT_ID : AT_ID + ID_BYTES]

    def send(self, *commands):
        opened, *answers = send(self.open, *commands)
        assert opened[AT_ID : AT_ID + ID_BYTES] == self.id, "the application has another number now"
        return answers

    def containers(self):
        return names(self.send(command(ENUM_CONTAINER, self.id))[0])

    def certificate(self, container, usage):
        """DER; None when there is none."""
        opening = command(OPEN_CONTAINER, self.id + container)
        (number,) = self.send(opening)
        export = command(EXPORT_CERTIFICATE, self.id + number, USAGES[usage])
        again, exported = self.send(opening, export)
        assert again == number, "the container has another number now"
        length = int.from_bytes(exported[:LENGTH_BYTES], "big")
        assert length == len(exported) - LENGTH_BYTES, (length, len(exported))
        return exported[LENGTH_BYTES:]


# ---- PIV ----

SIGNATURE = "02"  # OpenSC's number of the certificate in slot 9C
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END", re.S)


def piv_certificates():
    """{slot: {usage: DER}} of the only PIV token that is plugged in."""
    done = run(["pkcs15-tool", "--read-certificate", SIGNATURE])
    (body,) = PEM.findall(done.stdout)
    return {"9C": {"sign": base64.b64decode(body)}}


# ---- GM/T 0017 ----


def gmt_certificates():
    """{container: {usage: DER}} of the only key that is plugged in."""
    key = Key()
    return {
        name.decode(): {usage: key.certificate(name, usage) for usage in USAGES}
        for name in key.containers()
    }


READERS = {"gmt0017": gmt_certificates, "piv": piv_certificates}  # by the key's family
