"""A virtual UKey: personalised, plugged in and out, looked at from outside."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path

from families import GMT0017, family_of
from processes import PATIENCE, Process, run, run_json, wait_until
from pcscd import SLOT_PORTS

PIN = "123456"
COUNTERS = ("commands", "left", "device_left")


@dataclass
class Person:
    """What a key is made for; every key of a test gets its own serial."""

    serial: str
    profile: str = GMT0017.profiles[0]
    algorithm: str = None  # this and secrets: the family's first
    holder: str = "张三"
    organisation: str = "阳光测试有限公司"
    days_left: int = 20
    single: bool = False
    pin: str = PIN
    secrets: dict = None
    more: list = field(default_factory=list)  # further options of ukey-sim create

    def __post_init__(self):
        self.family = family = family_of(self.profile)
        self.algorithm = self.algorithm or family.algorithms[0]
        self.secrets = self.secrets or family.secrets
        self.single = self.single or family.single


class Card:
    prefix = ()  # words before the command that runs the key

    def __init__(self, programs, folder, person, issuer):
        """issuer: (certificate, key), PEM files of the CA that issues the first certificates."""
        self.sim = programs / "ukey-sim"
        self.person = person
        self.family = person.family
        self.folder = Path(folder)
        self.state = self.folder / f"{person.serial}.json"
        self.control_socket = self.folder / f"{person.serial}.sock"
        self.process = None
        options = ["--family", self.family.name, "--profile", person.profile, "--algorithm", person.algorithm]
        options += ["--holder", person.holder, "--organisation", person.organisation]
        options += ["--days-left", str(person.days_left), "--pin", person.pin]
        options += [word for name, value in person.secrets.items() for word in (f"--{name}", value)]
        options += ["--single"] if person.single and not self.family.single else []
        run(
            [self.sim, "create", "--state", self.state, "--serial", person.serial]
            + [*options, *person.more, "--issuer-cert", issuer[0], "--issuer-key", issuer[1]]
        )

    @property
    def serial(self):
        return self.person.serial

    def plug_in(self, slot=0, latency="none", trace=None, port=None):
        """Runs the key and waits until it can be told things; pcscd sees it within 400 ms. port: of what stands
        between it and the reader."""
        arguments = [*self.prefix, self.sim, "run", "--state", self.state, "--port", port or SLOT_PORTS[slot]]
        arguments += ["--control", self.control_socket, "--latency", latency]
        arguments += ["--trace", trace] if trace else []
        self.process = Process(f"key-{self.serial}", arguments, self.folder)
        wait_until(self.control_socket.exists, PATIENCE, "the key's control socket is there")

    def pull(self):
        self.control("remove")

    def control(self, *words):
        """One command to the running key; its answer."""
        return run_json([self.sim, "control", "--socket", self.control_socket, *words])

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None
        self.control_socket.unlink(missing_ok=True)

    def show(self):
        return run_json([self.sim, "show", "--state", self.state])

    def put_file(self, path, name="seal"):
        """A file of the computer becomes one on the key, which must not be plugged in."""
        run([self.sim, "put-file", "--state", self.state, "--file", path, "--name", name])

    def files(self):
        """The content of each file on the key, by name."""
        return {f["name"]: base64.b64decode(f["content"]) for f in self.show()["files"]}

    def edit(self, change):
        """change(application) edits what the state file says of the key's application, which must not be
        plugged in."""
        state = json.loads(self.state.read_text())
        change(self.family.application(state))
        self.state.write_text(json.dumps(state))

    def clear_files(self):
        self.edit(self.family.clear_files)

    def remove_file(self, name):
        self.edit(lambda application: self.family.remove_file(application, name))

    def set_left(self, left, whose="user"):
        """So many PIN tries are left."""
        self.edit(lambda application: self.family.set_left(application, whose, left))

    def add_half_made(self, name):
        """A signing key of this name, and no certificate: what a broken renewal leaves."""
        self.edit(lambda application: self.family.add_half_made(application, name))

    def holds_pin(self, pin):
        """Looked up in the state file, where a try costs nothing."""
        return self.family.pin(self.family.application(json.loads(self.state.read_text()))) == pin

    def picture(self):
        """Everything on the key, private keys too, that an operation could change, apart from the PIN
        tries that are left: the state file without its counters."""
        return json.dumps(without_counters(json.loads(self.state.read_text())), sort_keys=True)

    def tries(self, whose="user"):
        return self.show()["pin"][whose]

    def tries_left(self, whose="user"):
        return self.tries(whose)["left"]

    def container(self, name=None):
        """The named container, or the only one."""
        found = [c for c in self.show()["containers"] if name in (None, c["name"])]
        assert len(found) == 1, f"{len(found)} containers"
        return found[0]

    def pairs(self):
        """The containers with a key: a copy of a certificate has none, where bringing keys to their places broke off."""
        return [c for c in self.show()["containers"] if c["sign_key"]]

    def as_it_was(self, container):
        """The container of this certificate now, apart from what a renewal may change of any."""
        (found,) = [c for c in self.pairs() if c["sign_cert"] == container["sign_cert"]]
        return {**found, **{member: container[member] for member in self.family.moving}}

    def certificate_file(self, usage, container=None):
        """The PEM file of a certificate on the key, written beside its state."""
        path = self.folder / f"{self.serial}-{container or 'only'}-{usage}.pem"
        path.write_text(self.container(container)[f"{usage}_cert"])
        return path

    def decrypt(self, certificate, ciphertext):
        """What the key's own decryption gives, None when it holds no key for the certificate."""
        done = run(
            [self.sim, "decrypt", "--state", self.state, "--cert", certificate],
            input_bytes=ciphertext,
            ok=(0, 1),
        )
        return done.stdout if done.returncode == 0 else None


def without_counters(node):
    if isinstance(node, dict):
        return {name: without_counters(v) for name, v in node.items() if name not in COUNTERS}
    if isinstance(node, list):
        return [without_counters(item) for item in node]
    return node
