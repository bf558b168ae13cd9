"""The reference platform as a process, and its administrator's commands."""

import shutil
from pathlib import Path

from processes import Process, run, run_json

NAME = "阳光采购服务平台"
ISSUERS = {"sm2": "sm2", "rsa2048": "rsa", "p256": "p256", "p384": "p256"}


def make_template(programs, folder):
    """Initialises a platform once; worlds copy it, for its CAs take seconds to make."""
    run([programs / "ukey-portal", "--folder", folder, "init", "--name", NAME])
    return Path(folder)


class Portal:
    listen = "127.0.0.1:0"

    def __init__(self, programs, template, folder):
        self.program = programs / "ukey-portal"
        self.folder = Path(folder)
        shutil.copytree(template, self.folder)
        self.process = None
        self.origin = None
        self.organisations = set()

    def arguments(self):
        return [self.program, "--folder", self.folder, "run", "--listen", self.listen]

    def start(self):
        self.process = Process("portal", self.arguments(), self.folder.parent)
        line = self.process.wait_for_line(r"^listening on (https://127\.0\.0\.1:\d+)$")
        self.origin = line.group(1)

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    @property
    def api(self):
        return f"{self.origin}/agent/v1"

    @property
    def tls_ca(self):
        return self.folder / "tls" / "ca.pem"

    @property
    def roots(self):
        return self.folder / "ca" / "roots.pem"

    def issuer(self, algorithm):
        """(certificate, key) of the issuing CA for keys of this algorithm."""
        name, ca = ISSUERS[algorithm], self.folder / "ca"
        return ca / f"{name}-issuing.pem", ca / f"{name}-issuing.key"

    def root(self, algorithm):
        return self.folder / "ca" / f"{ISSUERS[algorithm]}-root.pem"

    def admin(self, *words, **options):
        """One command; the JSON that it prints. options: of processes.run."""
        return run_json([self.program, "--folder", self.folder, *words], **options)

    def register(self, card, profile=None):
        """Makes the key and its present certificates known. profile: None is the card's own."""
        person = card.person
        if person.organisation not in self.organisations:
            self.admin("organisation", "add", "--name", person.organisation)
            self.organisations.add(person.organisation)
        words = ["key", "add", "--serial", card.serial, "--organisation", person.organisation]
        words += ["--holder", person.holder, "--profile", profile or card.family.register_profile(person.profile)]
        words += ["--sign-cert", card.certificate_file("sign")]
        if not person.single:
            words += ["--encrypt-cert", card.certificate_file("encrypt")]
        self.admin(*words)

    def order(self, card, key="keep", approved=True):
        """A renewal order of 12 months, paid and submitted; its number."""
        words = ["order", "add", "--serial", card.serial, "--months", "12", "--key", key]
        words += ["--algorithm", card.person.algorithm]
        words += ["--single"] if card.person.single else []
        number = self.admin(*words)["order"]
        for step in ["pay", "submit"] + (["approve"] if approved else []):
            self.admin("order", step, "--order", number)
        return number

    def ticket(self, order, kind="renew", seconds=300):
        words = ["ticket", "add", "--order", order, "--kind", kind, "--ttl", str(seconds)]
        return self.admin(*words)["ticket"]

    # ---- seals and resets ----

    def admin_pin(self, serial):
        """What the platform derives for a key that is to be made."""
        return self.admin("key", "admin-pin", "--serial", serial)["admin_pin"]

    def piv_secrets(self, serial, algorithm):
        """Likewise of a PIV token; algorithm: of its management key."""
        return self.admin("key", "piv-secrets", "--serial", serial, "--algorithm", algorithm)

    def make_seal(self, card, picture, out, version=4, form="certificates", title=None, type=1):
        """A seal for the key's present certificate into the file out. picture: a PNG file; type: 1 is a
        unit's, 2 a legal person's."""
        title = title or f"{card.person.organisation}公章"
        words = ["seal", "make", "--serial", card.serial, "--name", title]
        words += ["--type", str(type), "--width", "40", "--height", "40", "--picture", picture]
        self.admin(*words, "--version", str(version), "--list", form, "--out", out)

    def key_ticket(self, card, kind, seconds=300, seal=None):
        """seal: the identity of the one that is meant, for a key that carries several."""
        words = ["ticket", "add", "--serial", card.serial, "--kind", kind, "--ttl", str(seconds)]
        return self.admin(*words, *(["--seal", seal] if seal else []))["ticket"]

    def reset_ticket(self, card, seconds=300):
        """The key's person (users have limits of their own) asks for a reset, which is approved."""
        user = f"{card.person.holder} {card.serial}"
        request = self.admin("reset", "add", "--serial", card.serial, "--user", user)
        if request["state"] == "requested":
            self.admin("reset", "approve", "--id", str(request["id"]))
        words = ["ticket", "add", "--kind", "reset-pin", "--id", str(request["id"]), "--ttl", str(seconds)]
        return self.admin(*words)["ticket"]

    def certificates(self, card):
        return self.admin("certificate", "list", "--serial", card.serial)
