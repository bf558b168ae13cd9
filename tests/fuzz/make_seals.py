#!/usr/bin/env python3
"""Makes the seals of corpus/seal and the certificates beside it, with openssl and the encoder below
alone: nothing of the reader that they test took part. The keys are thrown away.

    tests/fuzz/make_seals.py FOLDER"""

import hashlib
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

SM2_ID = "distid:1234567812345678"
DAYS = "8000"
SM2_WITH_SM3 = bytes.fromhex("06082A811CCF55018375")
SHA256_WITH_RSA = bytes.fromhex("06092A864886F70D01010B")


# ---- DER ----


def item(tag, *contents):
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*contents):
    return item(0x30, *contents)


def integer(value):
    return item(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(content):
    return item(0x04, content)


def bits(content):
    return item(0x03, b"\0", content)


def ia5(text):
    return item(0x16, text.encode("ascii"))


def utf8(text):
    return item(0x0C, text.encode())


def printable(text):
    return item(0x13, text.encode("ascii"))


# ---- keys and certificates, by the openssl program ----


class Maker:
    def __init__(self, folder, algorithm):
        self.folder = Path(folder)
        self.sm2 = algorithm == "sm2"
        self.key("root")
        self.run("req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", "-days", DAYS,
                 "-subj", f"/C=CN/O=Seal test/CN=Seal test root {algorithm}",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign", *self.digest("-sigopt"))
        for name in ("maker", "holder", "other"):
            self.key(name)
            self.issue(name)

    def run(self, *command, data=None):
        done = subprocess.run(["openssl", *command], cwd=self.folder, input=data, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr.decode())
        return done.stdout

    def digest(self, *options):
        if not self.sm2:
            return ["-sha256"]
        return ["-sm3", *(word for option in options for word in (option, SM2_ID))]

    def key(self, name):
        kind = ["EC", "-pkeyopt", "ec_paramgen_curve:SM2"] if self.sm2 else ["RSA"]
        self.run("genpkey", "-algorithm", *kind, "-out", f"{name}.key")

    def issue(self, name):
        (self.folder / "leaf.cnf").write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n")
        self.run("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr",
                 "-subj", f"/C=CN/O=Seal test/CN={name}", *self.digest("-sigopt"))
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key",
                 "-CAcreateserial", "-days", DAYS, "-extfile", "leaf.cnf", "-out", f"{name}.pem",
                 *self.digest("-sigopt", "-vfyopt"))

    def pem(self, name):
        return (self.folder / f"{name}.pem").read_text()

    def der(self, name):
        return self.run("x509", "-in", f"{name}.pem", "-outform", "DER")

    def sign(self, message):
        return self.run("dgst", *self.digest("-sigopt"), "-sign", "maker.key", data=message)


# ---- seals ----


def picture(side=16):
    """A red square as PNG."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\xC8\x10\x10" * side) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def time(version, text):
    return item(0x17, text[2:].encode()) if version == 1 else item(0x18, text.encode())


def certificate_list(maker, version, digests):
    if digests:
        objects = [sequence(printable(name), octets(hashlib.new(algorithm, maker.der("holder")).digest()))
                   for name, algorithm in digests]
        return integer(2) + sequence(*objects)
    certificates = sequence(octets(maker.der("other")), octets(maker.der("holder")))
    return certificates if version == 1 else integer(1) + certificates


def seal(maker, version, digests=(), extensions=b"", time_stamp=b"", kind=1, image="PNG"):
    info = sequence(
        sequence(ia5("ES"), integer(version), ia5("SealTest")),
        ia5("44010401234567890" + str(version)),
        sequence(
            integer(kind),
            utf8("阳光建设有限公司公章"),
            certificate_list(maker, version, digests),
            *(time(version, text) for text in ("20261201000000Z", "20261201000000Z", "20361130235959Z")),
        ),
        sequence(ia5(image), octets(picture()), integer(40), integer(40)),
        extensions,
    )
    certificate = octets(maker.der("maker"))
    algorithm = SM2_WITH_SM3 if maker.sm2 else SHA256_WITH_RSA
    if version == 1:
        signature = bits(maker.sign(sequence(info, certificate, algorithm)))
        return sequence(info, sequence(certificate, algorithm, signature))
    return sequence(info, certificate, algorithm, bits(maker.sign(info)), time_stamp)


def extension(oid, value, critical=b""):
    return sequence(item(0x06, oid), critical, octets(value))


EXPLICIT_FALSE = extension(b"\x2A\x03\x04", b"value", item(0x01, b"\0"))
LEFT_OUT = extension(b"\x2A\x03\x05", b"value")


def seals(sm2, rsa):
    return {
        "v1.esl": seal(sm2, 1),
        "v1-extensions.esl": seal(sm2, 1, extensions=sequence(EXPLICIT_FALSE, LEFT_OUT), kind=4),
        "v1-rsa.esl": seal(rsa, 1),
        "v4-certificates.esl": seal(sm2, 4),
        "v4-digests.esl": seal(sm2, 4, [("1.2.156.10197.1.401", "sm3")], kind=3, image="png"),
        "v4-extensions.esl": seal(sm2, 4, [("SM3", "sm3")], sequence(EXPLICIT_FALSE)),
        "v4-extensions-tagged.esl": seal(sm2, 4, extensions=item(0xA0, sequence(LEFT_OUT))),
        "v4-rsa.esl": seal(rsa, 4, [("SHA256", "sha256")]),
        "v5.esl": seal(sm2, 5),
        "v5-digests.esl": seal(sm2, 5, [("sm3", "sm3")]),
        "v5-time-stamp.esl": seal(sm2, 5, time_stamp=item(0xA0, bits(b"\1\2\3"))),
    }


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    target = Path(sys.argv[1])
    with TemporaryDirectory() as sm2_folder, TemporaryDirectory() as rsa_folder:
        sm2, rsa = Maker(sm2_folder, "sm2"), Maker(rsa_folder, "rsa")
        (target / "seal").mkdir(parents=True, exist_ok=True)
        for name, content in seals(sm2, rsa).items():
            (target / "seal" / name).write_bytes(content)
        (target / "seal_roots.pem").write_text(sm2.pem("root") + rsa.pem("root"))
        (target / "seal_holder_sm2.pem").write_text(sm2.pem("holder"))
        (target / "seal_holder_rsa.pem").write_text(rsa.pem("holder"))


if __name__ == "__main__":
    main()
