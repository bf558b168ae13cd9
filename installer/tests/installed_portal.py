"""The platform as its package runs it."""

from pathlib import Path

from portal import Portal
from processes import run, wait_until

PROGRAM = "/usr/bin/ukey-portal"
PORTAL_FOLDER = Path("/var/lib/ukey-portal")
PORTAL_TITLE = "<title>CA办理</title>"
PORTAL_UNIT = "ukey-portal.service"
PORTAL_DEFAULTS = Path("/etc/default/ukey-portal")


class InstalledPortal(Portal):
    """As its administrator runs it by README.Debian: its own user, the package's folder, the package's unit."""

    def __init__(self, folder):
        wrapper = folder / "portal-as-its-user"
        wrapper.write_text(f'#!/bin/sh\nexec runuser -u ukey-portal -- {PROGRAM} "$@"\n')
        wrapper.chmod(0o755)
        self.program, self.folder = wrapper, PORTAL_FOLDER
        self.organisations = set()
        self.origin = "https://127.0.0.1:8443"

    def initialise(self):
        run([self.program, "init", "--folder", self.folder, "--name", "阳光采购服务平台", "--host", "127.0.0.1"])

    def start(self):
        run(["systemctl", "start", PORTAL_UNIT])
        wait_until(lambda: PORTAL_TITLE in self.page(self.origin), 20, "the portal's first page")

    def page(self, origin):
        """What a browser is shown; "" while nobody answers."""
        words = ["curl", "--silent", "--location", "--cacert", self.tls_ca, f"{origin}/"]
        return run(words, ok=None).stdout.decode()

    def stop(self):
        run(["systemctl", "stop", PORTAL_UNIT])
