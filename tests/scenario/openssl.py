"""What the openssl command says about certificates, and what it can make."""

import base64
import re
from datetime import datetime, timezone
from pathlib import Path

from processes import run

SM2_ID = "distid:1234567812345678"


def text_of(certificate):
    return run(["openssl", "x509", "-in", certificate, "-noout", "-text"]).stdout.decode()


def is_sm2(certificate):
    return "SM2" in text_of(certificate)


def is_nist(certificate):
    return "NIST CURVE" in text_of(certificate)


def verify(certificate, issuer):
    """Whether issuer (a PEM file) signed the certificate and it is valid now: what `openssl verify` says.

    One link at a time: the command gives the SM2 identifier to the certificate it is asked about, not to
    those above it, so a whole chain at once fails in OpenSSL 3.0."""
    command = ["openssl", "verify", "-partial_chain"]
    command += ["-vfyopt", SM2_ID] if is_sm2(certificate) else []
    done = run([*command, "-CAfile", issuer, certificate], ok=None)
    return done.returncode == 0, (done.stdout + done.stderr).decode().strip()


def field(certificate, option, *more):
    return run(["openssl", "x509", "-in", certificate, "-noout", option, *more]).stdout.decode().strip()


def subject(certificate):
    return field(certificate, "-subject", "-nameopt", "RFC2253,utf8,-esc_msb").removeprefix("subject=")


def end_date(certificate):
    text = field(certificate, "-enddate").removeprefix("notAfter=")
    return datetime.strptime(text, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=timezone.utc)


def serial(certificate):
    return field(certificate, "-serial").removeprefix("serial=")


def public_key(certificate):
    return field(certificate, "-pubkey")


def encrypt(certificate, plaintext):
    """Enciphered to the certificate's key: SM2 as DER (GM/T 0009), RSA with PKCS#1 padding, for P-256 and P-384 a
    CMS by key agreement."""
    if is_nist(certificate):
        command = ["openssl", "cms", "-encrypt", "-binary", "-aes128", "-outform", "DER", certificate]
        return run(command, input_bytes=plaintext).stdout
    command = ["openssl", "pkeyutl", "-encrypt", "-certin", "-inkey", certificate]
    return run(command, input_bytes=plaintext).stdout


def der(certificate):
    return run(["openssl", "x509", "-in", certificate, "-outform", "DER"]).stdout


def pem(der_bytes):
    body = base64.encodebytes(der_bytes).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


# ---- certificates that a platform should never issue ----

EXTENSIONS = """basicConstraints=critical,CA:FALSE
keyUsage=critical,{usage}
"""
USAGES = {"sign": "digitalSignature,nonRepudiation", "encrypt": "keyEncipherment,dataEncipherment,keyAgreement"}


def new_key(path, algorithm="sm2"):
    """A private key file."""
    if algorithm == "sm2":
        run(["openssl", "genpkey", "-algorithm", "SM2", "-out", path])
    else:
        run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path])
    return path


def public_of(key, path):
    run(["openssl", "pkey", "-in", key, "-pubout", "-out", path])
    return path


def new_ca(folder, subject="/CN=Unknown CA"):
    """(certificate, key) of an SM2 CA that nobody trusts."""
    key = new_key(folder / "unknown-ca.key")
    certificate = folder / "unknown-ca.pem"
    run(
        ["openssl", "req", "-x509", "-new", "-key", key, "-out", certificate, "-days", "30"]
        + ["-utf8", "-subj", subject, "-sm3", "-sigopt", SM2_ID]
    )
    return certificate, key


def issue(folder, issuer, public, subject_path, days, usage="sign", more=""):
    """An SM2 certificate by issuer (certificate, key) for the public key file, as DER. more: lines of extensions."""
    folder = Path(folder)
    applicant = new_key(folder / "applicant.key")  # only lends the request its form
    request, extensions, made = (folder / n for n in ("made.csr", "made.ext", "made.pem"))
    extensions.write_text(EXTENSIONS.format(usage=USAGES[usage]) + more)
    run(
        ["openssl", "req", "-new", "-utf8", "-key", applicant, "-out", request]
        + ["-subj", subject_path, "-sm3", "-sigopt", SM2_ID]
    )
    run(
        ["openssl", "x509", "-req", "-in", request, "-vfyopt", SM2_ID, "-force_pubkey", public]
        + ["-CA", issuer[0], "-CAkey", issuer[1], "-days", str(days), "-extfile", extensions]
        + ["-sm3", "-sigopt", SM2_ID, "-set_serial", "0x1122334455667788", "-out", made]
    )
    return der(made)


def subject_path(certificate):
    """The subject as -subj takes it: "/C=CN/O=…/CN=…"."""
    parts = re.split(r"(?<!\\),", subject(certificate))
    return "".join("/" + part.replace("\\,", ",") for part in reversed(parts))
