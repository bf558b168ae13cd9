"""What stands in a seal of GB/T 38540-2020, and seals that a platform should never hand out."""

import base64

import der
import openssl
from processes import run

# Positions in SESeal.
INFO, MAKER, SIGNATURE = [0], [1], [3]
IDENTITY = [0, 1]
NAME = [0, 2, 1]
LIST = [0, 2, 3]
END = [0, 2, 6]
PICTURE = [0, 3, 1]


def field(seal, path):
    return der.at(der.read(seal), path)


def picture(seal):
    return field(seal, PICTURE)


# certs/seal.h: SEAL_MAKER_PURPOSE
MARK = "extendedKeyUsage=critical,2.25.4759565198032083598707045225663899684\n"


class Forger:
    """A seal maker of its own: signs what it likes, with a certificate by issuer (certificate, key)."""

    def __init__(self, folder, issuer, mark=MARK):
        self.folder = folder
        self.key = openssl.new_key(folder / "forger.key")
        public = openssl.public_of(self.key, folder / "forger.pub")
        self.certificate = openssl.issue(folder, issuer, public, "/C=CN/O=Maker/CN=Seal maker", 3000, more=mark)

    def sign(self, message):
        command = ["openssl", "dgst", "-sm3", "-sigopt", openssl.SM2_ID, "-sign", self.key]
        return run(command, input_bytes=message).stdout

    def forge(self, seal, *changes):
        """The seal with changes (path, content), signed anew."""
        tree = der.changed(der.read(seal), MAKER, self.certificate)
        for path, content in changes:
            tree = der.changed(tree, path, content)
        signature = self.sign(der.write((0x30, der.at(tree, INFO))))
        return der.write(der.changed(tree, SIGNATURE, b"\0" + signature))


def in_answer(change):
    """change(seal) in the platform's answer, for faulty_portal.edited."""

    def edit(answer):
        answer["seal"] = base64.b64encode(change(base64.b64decode(answer["seal"]))).decode()

    return edit
