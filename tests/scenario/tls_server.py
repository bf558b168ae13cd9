"""A throw-away CA and server certificate for 127.0.0.1, by the openssl command."""

from pathlib import Path

from processes import run


def make_server_identity(folder, address="127.0.0.1", days=2):
    """(certificate and key in one PEM file, CA certificate). days: until it ends, less than 0: it has."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, ca = folder / "ca.key", folder / "ca.pem"
    key, request, certificate = (folder / n for n in ("server.key", "server.csr", "server.pem"))
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(
        ["openssl", "req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "2"]
        + ["-subj", "/CN=Faulty platform CA"]
    )
    run(["openssl", "req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=127.0.0.1"])
    extensions = folder / "server.ext"
    extensions.write_text(f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n")
    run(
        ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-days", str(days)]
        + ["-CAcreateserial", "-extfile", extensions, "-out", certificate]
    )
    bundle = folder / "bundle.pem"
    bundle.write_text(certificate.read_text() + key.read_text())
    return bundle, ca
