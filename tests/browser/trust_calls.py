"""Calls about browsers' trust in the agent's certificate: homes that trust nothing yet, ukeyctl trust, and sites
that misuse the agent's key."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import namespaces
from processes import run
from site_server import Identity, Site

LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
IMPOSTOR_NAME = "other.test"
MACHINE_FOLDERS = ("firefox", "chromium", "opt")  # below /etc, where policies lie


def content_of(path):
    """Of a database its rows: the file's free pages are nobody's business."""
    if path.is_dir():
        return "folder"
    if path.suffix != ".db":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for name in tables}


def snapshot(*folders):
    """{path: content} of everything below."""
    paths = [path for folder in folders if folder.exists() for path in [folder, *folder.rglob("*")]]
    return {str(path): content_of(path) for path in paths}


def unreadable(folder, names):
    """An ordinary user's copy of /etc goes without these; a link counts for itself."""
    paths = {name: Path(folder) / name for name in names}
    return [name for name, path in paths.items() if not path.is_symlink() and not os.access(path, os.R_OK)]


class TrustCalls:
    """Part of Calls; world and ukeyd are its."""

    def bare_home(self, name, databases=(), certificates=False):
        """A HOME whose browser has these databases (folders below it), without the agent's certificate; its
        path. certificates: with those of the platform and the sites."""
        home = self.world.folder / f"bare-{name}"
        home.mkdir()
        known = [row for row in self.world.certificates() if row[0] != "agent"]
        for database in databases:
            self.world.make_database(home / database, known if certificates else [])
        return str(home)

    def trust(self, words, home, system=False):
        """`ukeyctl trust` as the user of this HOME; the JSON that it prints."""
        place = ["--config", self.ukeyd.config] if system else ["--state", self.ukeyd.state]
        words = [self.world.programs / "ukeyctl", "--json", "trust", *words, *place]
        done = run(words, env={"HOME": home, "PATH": "/usr/bin:/bin"}, ok=None)
        return {"status": done.returncode, "text": done.stdout.decode()}

    def trust_snapshot(self, home, folders=(".pki", ".local", ".mozilla", "snap")):
        """All that ukeyctl may touch in these folders of the HOME, and in /etc."""
        inside = [Path(home) / name for name in folders]
        return snapshot(*inside, *(Path("/etc") / name for name in MACHINE_FOLDERS))

    def private_machine(self):
        """/etc and /var/lib of our own, for the rest of the file."""
        etc = Path("/run/etc")
        if etc.exists():
            return
        shutil.copytree("/etc", etc, symlinks=True, ignore=unreadable)
        for name in MACHINE_FOLDERS:
            shutil.rmtree(etc / name, ignore_errors=True)
        namespaces.mount("--bind", etc, "/etc")
        namespaces.mount("-t", "tmpfs", "tmpfs", "/var/lib")

    def impostors(self, first_port):
        """Three sites with certificates that the agent's key signed: other.test in its own name, other.test
        below the agent's certificate, and another one for this computer."""
        folder = self.world.new_folder("i")
        folder.mkdir()
        own = self._certify(folder, "own", IMPOSTOR_NAME, f"DNS:{IMPOSTOR_NAME}", child=False)
        child = self._certify(folder, "child", IMPOSTOR_NAME, f"DNS:{IMPOSTOR_NAME}", child=True)
        twin = self._certify(folder, "twin", "ukeyd on this computer", "IP:127.0.0.1", child=False)
        for number, bundle in enumerate((own, child, twin)):
            answers = {"": {"body": "an impostor"}}
            self.world.keep(Site(first_port + number, answers, Identity(None, bundle)))

    def _certify(self, folder, name, subject, names, child):
        """A bundle for a site: certificate, key, and the agent's certificate above it."""
        identity = self.ukeyd.state / "identity"
        leaf, leaf_key = identity / "loopback.pem", identity / "loopback.key"
        key, request, certificate = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = folder / f"{name}.ext"
        extensions.write_text(f"{LEAF}subjectAltName={names}\n")
        if child:
            run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key])
        else:
            shutil.copy(leaf_key, key)
        run(["openssl", "req", "-new", "-key", key, "-out", request, "-subj", f"/CN={subject}"])
        signer = ["-CA", leaf, "-CAkey", leaf_key, "-CAcreateserial"] if child else ["-signkey", key]
        run(
            ["openssl", "x509", "-req", "-in", request, "-days", "2", "-extfile", extensions]
            + [*signer, "-out", certificate]
        )
        bundle = folder / f"{name}.bundle"
        above = leaf.read_text() if child else ""
        bundle.write_text(certificate.read_text() + key.read_text() + above)
        return bundle

    def agent_key(self):
        """The public key of the agent's certificate."""
        certificate = self.ukeyd.state / "identity" / "loopback.pem"
        return run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"]).stdout.decode()

    def fresh_identity(self):
        """The agent, which must not run, loses its certificate: it is one that was newly installed."""
        shutil.rmtree(self.ukeyd.state / "identity")
