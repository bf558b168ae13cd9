"""A healthy computer for ukeyctl doctor, whose parts a case can spoil one at a time."""

import json
import os
import shutil
import socket
from pathlib import Path

from processes import run

KEPT = ("proc", "run", "tmp")  # of the real computer, in the one that the doctor looks at
CCID = "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"
POLICIES = "etc/chromium/policies/managed"
BROWSER = "usr/bin/chromium"
USB = "sys/bus/usb/devices"
RTC = "sys/class/rtc/rtc0/since_epoch"
ALLOWING = ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls")
SECONDS = 90  # for one run: the longest deadline of its checks is 45 s


class Patient:
    """card: plugged in; options: of world.agent. The agent runs unless start is False."""

    def __init__(self, world, card=True, start=True, **options):
        self.world = world
        self.root = world.new_folder("r")
        self.make_root()
        self.screen = Screen(world.new_folder("s"))
        world.keep(self.screen)
        self.card = world.card() if card else None
        self.agent = world.agent(start=False, **options)
        self.agent.env.update(UKEYD_TEST_ROOT=str(self.root), WAYLAND_DISPLAY=str(self.screen.path))
        self.allow(self.agent.origin)
        if start:
            self.start()

    def make_root(self):
        self.root.mkdir()
        for name in KEPT:
            (self.root / name).symlink_to(f"/{name}")
        for path in (CCID, BROWSER):
            self.write(path, "")

    def write(self, path, text):
        """A file of the computer that the doctor looks at."""
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)

    def allow(self, *origins):
        """The browser's policy, as trust install --system writes it."""
        listed = ", ".join(json.dumps(origin) for origin in origins)
        lines = ",\n".join(f'\t"{policy}":\t[{listed}]' for policy in ALLOWING)
        self.write(f"{POLICIES}/ukeyd.json", "{\n" + lines + "\n}\n")

    def start(self, trust=True, keys=None, **env):
        self.agent.start(**env)
        self.world.wait_keys(self.agent, self.world.plugged_count() if keys is None else keys)
        if trust:
            self.agent.ctl("trust", "install", "--state", self.agent.state)

    def usb(self, device, vendor, product, classes, name=""):
        """A USB device, as sysfs shows it. classes: of its interfaces, in hexadecimal."""
        self.write(f"{USB}/{device}/idVendor", f"{vendor}\n")
        self.write(f"{USB}/{device}/idProduct", f"{product}\n")
        self.write(f"{USB}/{device}/product", f"{name}\n")
        for number, wanted in enumerate(classes):
            self.write(f"{USB}/{device}:1.{number}/bInterfaceClass", f"{wanted}\n")

    def doctor(self, *words, ok=(0, 1), **env):
        """What it finds: the JSON."""
        agent = self.agent
        command = [agent.programs / "ukeyctl", "--socket", agent.socket, "--json", "--lang", "en", "doctor"]
        command += ["--state", agent.state, "--config", agent.config, *words]
        done = run(command, env={**agent.env, **env}, ok=ok, seconds=SECONDS)
        found = json.loads(done.stdout)
        assert found["healthy"] == (not found["findings"]), found
        assert found["healthy"] == (done.returncode == 0), done.returncode
        return found

    def codes(self, *words, **env):
        return [finding["code"] for finding in self.doctor(*words, **env)["findings"]]

    def has(self, *codes, **env):
        """These findings and no others."""
        found = self.doctor(**env)["findings"]
        assert sorted({f["code"] for f in found}) == sorted(codes), json.dumps(found, indent=1)
        for finding in found:
            for member in ("title", "found", "cause", "remedy"):
                assert finding[member], finding
        return found


def breaker(suite):
    """The decorator broken(name, *codes): the function spoils a patient and gives it, or it and the doctor's environment;
    these are found and no others."""

    def broken(name, *codes):
        def register(spoil):
            def perform(world):
                found = spoil(world)
                patient, env = found if isinstance(found, tuple) else (found, {})
                patient.has(*codes, **env)

            suite.add(name, perform)
            return spoil

        return register

    return broken


class Screen:
    """A desktop that answers: a socket that listens."""

    def __init__(self, folder):
        folder.mkdir()
        self.path = Path(folder) / "wayland"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.socket.listen(64)

    def stop(self):
        self.socket.close()


class FullDisk:
    """A small file system on a folder that must exist; fill() leaves no room on it."""

    def __init__(self, folder, size="20m"):
        self.folder = folder
        kept = Path(f"{folder}.kept")
        shutil.copytree(folder, kept)
        run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder])
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    def fill(self):
        with (self.folder / "filler").open("wb") as filler:
            try:
                while True:
                    os.write(filler.fileno(), bytes(1 << 16))
            except OSError:
                return

    def stop(self):
        run(["umount", "-l", self.folder], ok=None)
