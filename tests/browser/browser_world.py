"""A world with browsers: the platform is https://portal.test, and a private HOME trusts what it should."""

import shutil
from pathlib import Path

import namespaces
from fake_dialogs import FakeDialogs
from payment_service import PaymentService
from portal import Portal
from processes import run
from site_server import Site, make_identity
from world import World

NAMES = ("portal.test", "pay.test", "other.test")


def name_hosts(path):
    """The names that programs, which know nothing of a browser's flags, look up: in this namespace."""
    path.write_text("127.0.0.1 localhost " + " ".join(NAMES) + "\n")
    namespaces.mount("--bind", path, "/etc/hosts")


class BrowserPortal(Portal):
    """The platform under a name, as browsers see it; the agent reaches it by address."""

    host = "portal.test"  # the browsers are told that it is a public address (lib/browsers.mjs)
    port = 8443

    def __init__(self, programs, template, folder):
        super().__init__(programs, template, folder)
        self.listen = f"127.0.0.1:{self.port}"
        self.admin("tls", "renew", "--host", self.host)

    @property
    def page_origin(self):
        return f"https://{self.host}:{self.port}"

    @property
    def api(self):
        return f"https://127.0.0.1:{self.port}/agent/v1"

    def arguments(self):
        return [*super().arguments(), "--origin", self.page_origin]

    def user(self, login, role, password, name, organisation=None):
        """An account of the pages; its organisation is made too."""
        if organisation and organisation not in self.organisations:
            self.admin("organisation", "add", "--name", organisation)
            self.organisations.add(organisation)
        words = ["user", "add", "--login", login, "--name", name, "--role", role]
        words += ["--organisation", organisation] if organisation else []
        self.admin(*words, input_bytes=f"{password}\n".encode())

    def start(self):
        super().start()
        self.origin = self.page_origin


class BrowserWorld(World):
    portal_class = BrowserPortal

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.home = self.folder / "home"
        self.identity = self.folder / "identity"  # of every agent here: a browser reads trust at its start
        self.site_identity = None
        self.payment = PaymentService(self.programs, self.folder / "pay", self.portal)

    def prepare(self):
        """Makes everything that browsers must trust before they start."""
        self.payment.start()
        self.make_agent_identity()
        self.site_identity = make_identity(self.folder / "sites")
        self.home.mkdir()
        self.trust(self.home)

    def close(self):
        super().close()
        self.payment.stop()

    def make_agent_identity(self):
        self.open_case()
        agent = super().agent(FakeDialogs(self.new_folder("d"), ()), wait_keys=0)
        agent.stop()
        shutil.copytree(agent.state / "identity", self.identity)
        self.close_case()

    def certificates(self):
        """(name, PEM file, trust) of what browsers need."""
        return (
            ("portal", self.portal.tls_ca, "C,,"),
            ("payment", self.payment.tls_ca, "C,,"),
            ("sites", self.site_identity.ca, "C,,"),
            ("agent", self.identity / "loopback.pem", "P,,"),
        )

    def trust(self, home, without=()):
        """Makes Chromium's certificate database in a HOME."""
        database = Path(home) / ".pki" / "nssdb"
        self.make_database(database, [row for row in self.certificates() if row[0] not in without])

    def firefox_profile(self, folder):
        """Firefox takes a certificate that no CA issued for its own CA."""
        self.make_database(folder, [(name, path, "C,,") for name, path, _ in self.certificates()])

    def make_database(self, folder, certificates):
        folder.mkdir(parents=True)
        run(["certutil", "-d", f"sql:{folder}", "-N", "--empty-password"])
        for name, path, flags in certificates:
            run(["certutil", "-d", f"sql:{folder}", "-A", "-n", name, "-t", flags, "-i", path])

    def agent(self, dialogs=None, start=True, wait_keys=None, **options):
        dialogs = dialogs or self.dialogs()
        agent = super().agent(dialogs, start=False, **options)
        shutil.copytree(self.identity, agent.state / "identity")
        if start:
            agent.start(**dialogs.env)
            self.wait_keys(agent, self.plugged_count() if wait_keys is None else wait_keys)
        return agent

    def site(self, port, answers, plain=False):
        return self.keep(Site(port, answers, None if plain else self.site_identity))
