#!/usr/bin/env python3
"""The packages' life on a computer: installed, used by an ordinary user in Chromium, upgraded in the middle of an
operation, removed without a trace. Runs as root on a booted system of its own (root.py), or as an autopkgtest."""

import argparse
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "scenario")]

import tree  # noqa: E402
from card import PIN, Card, Person  # noqa: E402
from dead_home import DeadHome  # noqa: E402
from installed_portal import PORTAL_DEFAULTS, PORTAL_FOLDER, PORTAL_TITLE, PORTAL_UNIT, InstalledPortal  # noqa: E402
from page import PageServer, firefox_certificates, make_firefox_profile  # noqa: E402
from processes import Process, ScenarioError, run, wait_until  # noqa: E402
from real_pinentry import Display  # noqa: E402
from session import Session  # noqa: E402

PROGRAMS = Path("/usr/bin")
PLATFORM = "sunshine"
# What another package put there: it must be the same, byte for byte, when ours has gone.
OTHERS_FIREFOX = '{ "policies": {\n\t"DisableTelemetry": true } }\n'
FIREFOX = Path("/etc/firefox/policies/policies.json")
CHROMIUM = Path("/etc/chromium/policies/managed")
BROKEN = Path("/etc/ukeyd/platforms.d/0-broken.conf")
BROKEN_MAIN = Path("/etc/ukeyd/ukeyd.conf")
PORTS = {"first": 27510, "second": 27520}
STARTS = 15


def expect(true, what):
    if not true:
        raise ScenarioError(what)


def is_active(unit):
    return run(["systemctl", "is-active", unit], ok=None).stdout.decode().strip() == "active"


def system_property(unit, name):
    return run(["systemctl", "show", "--value", "--property", name, unit]).stdout.decode().strip()


def read(path):
    """Of /proc: what ended meanwhile has nothing in it."""
    try:
        return path.read_text()
    except OSError:
        return ""


class Life:
    def __init__(self, debs, folder):
        self.debs, self.folder = debs, folder
        self.figures = {}
        self.portal = self.page = None

    # ---- the computer before ----

    def prepare(self):
        if self.debs:  # else ours is in it already
            FIREFOX.parent.mkdir(parents=True, exist_ok=True)
            FIREFOX.write_text(OTHERS_FIREFOX)
        CHROMIUM.mkdir(parents=True, exist_ok=True)
        (CHROMIUM / "other.json").write_text('{"BookmarkBarEnabled": false}\n')
        for name in ("bidder", "second"):
            run(["useradd", "--create-home", "--shell", "/bin/bash", name])
        self.journal_folder()
        self.bidder, self.second = Session("bidder"), Session("second")
        make_firefox_profile(self.bidder)

    @staticmethod
    def journal_folder():
        """Users have a journal of their own only where it is kept on the disk, as on every desktop."""
        Path("/var/log/journal").mkdir(exist_ok=True)
        run(["systemctl", "restart", "systemd-journald"])
        run(["journalctl", "--flush"])

    def install(self, *patterns):
        files = [str(next(self.debs.glob(pattern))) for pattern in patterns]
        run(["dpkg", "--install", *files], seconds=120)

    def set_up_platform(self):
        """The platform, and the page of it that is opened in browsers."""
        self.portal = InstalledPortal(self.folder)
        self.case("portal")
        tls = self.portal.folder / "tls"
        self.page = PageServer(tls / "server.pem", tls / "server.key")
        # The platform's certificate is one that browsers trust, as a public CA's.
        own = "".join((tls / "ca.pem").read_text().splitlines()[1:-1])
        (CHROMIUM / "public-ca.json").write_text(json.dumps({"CACertificates": [own]}))

    def package_of_platform(self):
        words = [HERE.parent / "platform-template/make-package", "--id", PLATFORM, "--name", "阳光采购服务平台"]
        words += ["--origin", self.page.origin, "--api", self.portal.api, "--roots", self.portal.roots]
        words += ["--tls-ca", self.portal.tls_ca, "--maintainer", "Sunshine <it@example.com>", "--out", self.folder]
        return run(words).stdout.decode().strip()

    def card(self, serial):
        card = Card(PROGRAMS, self.folder, Person(serial=serial), self.portal.issuer("sm2"))
        self.portal.register(card)
        card.plug_in()
        return card

    # ---- what is looked at ----

    def ctl(self, session, *words, **options):
        return json.loads(session.run("ukeyctl", "--json", *words, **options))

    def status(self, session, port, **options):
        words = ["curl", "-sk", "--max-time", "20", f"https://127.0.0.1:{port}/v1/status"]
        text = session.run(*words, "-H", f"Origin: {self.page.origin}", **options)
        return json.loads(text) if text else {}

    def policies(self):
        """The origins that Chromium lets reach this computer."""
        file = CHROMIUM / "ukeyd.json"
        return json.loads(file.read_text())["LoopbackNetworkAllowedForUrls"] if file.exists() else []

    def trusted(self, session):
        found = self.ctl(session, "trust", "status")["browsers"]
        return {row["browser"]: row["state"] for row in found}

    def operation(self, session, number):
        return next(o for o in self.ctl(session, "operations")["operations"] if o["id"] == number)

    # ---- the cases ----

    def case_portal(self):
        """The platform as its administrator starts it, on a port of its own and on the well-known one."""
        expect(not is_active(PORTAL_UNIT), "the portal runs before it was initialised")
        run(["systemctl", "start", PORTAL_UNIT])
        expect(not is_active(PORTAL_UNIT), "the portal starts on nothing")
        self.portal.initialise()
        PORTAL_DEFAULTS.write_text("LISTEN=127.0.0.1:443\nORIGIN=--origin https://127.0.0.1\n")
        run(["systemctl", "start", PORTAL_UNIT])
        wait_until(lambda: PORTAL_TITLE in self.portal.page("https://127.0.0.1"), 20, "a page on port 443")
        found = Path("/proc") / system_property(PORTAL_UNIT, "MainPID") / "status"
        uid = int(re.search(r"^Uid:\s+(\d+)", found.read_text(), re.M).group(1))
        expect(uid == os.stat(PORTAL_FOLDER).st_uid != 0, f"the portal runs as user {uid}")
        self.portal.stop()
        PORTAL_DEFAULTS.unlink()
        self.portal.start()

    def case_drop_in(self):
        """A platform's package: the policies follow it when it comes, also beside a file that is wrong, of which the
        installation tells; and when it is removed and its settings stay behind."""
        expect(self.policies() == [], f"policies without a platform: {self.policies()}")
        package = self.package_of_platform()
        BROKEN.write_text("[platform broken]\ncolour = red\n")
        told = run(["dpkg", "--install", package])
        BROKEN.unlink()
        told = (told.stdout + told.stderr).decode()
        expect(re.search(rf"Left out: .*{BROKEN.name}", told), f"what is left out is not told:\n{told}")
        self.expect_policies(True)
        run(["dpkg", "--remove", f"ukeyd-platform-{PLATFORM}"])
        expect(BROKEN.with_name(f"{PLATFORM}.conf").exists(), "removing the package took its settings along")
        self.expect_policies(False)
        run(["dpkg", "--install", package])
        self.expect_policies(True)

    def expect_policies(self, wanted):
        expect(self.policies() == [self.page.origin] * wanted, f"Chromium's policies: {self.policies()}")
        text = FIREFOX.read_text()
        expect(("SkipDomains" in text) == wanted, f"Firefox's policies: {text}")
        expect(not self.debs or "DisableTelemetry" in text, "another package's policy is gone")

    def case_first_connection(self):
        """A user who logs in for the first time: the sockets are there, the first connection starts the agent,
        and the browsers trust it before it answers."""
        self.bidder.log_in()
        expect(self.bidder.is_active("ukeyd.socket"), self.bidder.systemctl("status", "ukeyd.socket", ok=None))
        expect(not self.bidder.is_active("ukeyd.service"), "the agent runs before anybody wants it")
        started = time.monotonic()
        answer = self.status(self.bidder, PORTS["first"])
        self.figures["first connection of a fresh user, s"] = round(time.monotonic() - started, 3)
        expect(answer.get("agent") == "ukeyd", f"the first answer: {answer}")
        expect(self.trusted(self.bidder).get("chromium") == "trusted", f"trust: {self.trusted(self.bidder)}")

    def case_desktop(self):
        """The desktop's autostart: the agent starts anew, on the session's display."""
        self.display = Display()
        self.display.__enter__()
        times = []
        for _ in range(STARTS):
            run(self.bidder.command(["/usr/libexec/ukeyd/desktop-session"], DISPLAY=self.display.name))
            self.bidder.systemctl("reset-failed", "ukeyd.service")  # more starts in a minute than a person has sessions
            times.append(self.start_ms())
        times.sort()
        self.figures[f"start to listening, ms (least, median of {STARTS})"] = f"{times[0]}, {times[STARTS // 2]}"
        found = self.bidder.properties("ukeyd.service", "MainPID")["MainPID"]
        environment = Path(f"/proc/{found}/environ").read_bytes().split(b"\0")
        expect(f"DISPLAY={self.display.name}".encode() in environment, "the agent does not know the display")

    def start_ms(self):
        """From the start of the process until it says that it is ready, as the user manager saw it."""
        names = ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        found = self.bidder.properties("ukeyd.service", *names)
        return (int(found[names[1]]) - int(found[names[0]])) / 1000

    def case_renew(self):
        """The page in Chromium, without a flag or a question about the certificate; the PIN in the dialog."""
        card = self.card("P0000001")
        self.wait_for_key(card.serial)
        ticket = self.portal.ticket(self.portal.order(card))
        result = self.page.open_in_chromium(
            self.bidder, self.folder, {"kind": "renew", "ticket": ticket},
            meanwhile=lambda: self.display.type_pin(PIN, 60))
        expect(result["state"] == "done", f"the page told: {result}")
        card.stop()

    def wait_for_key(self, serial):
        wait_until(lambda: any(t.get("serial") == serial for t in self.ctl(self.bidder, "tokens")["tokens"]), 30,
                   f"the key {serial} is seen")

    def case_firefox(self):
        """The same in Firefox: the certificate comes by the policy, which stands beside what others put there."""
        theirs = FIREFOX.read_bytes()
        policies = json.loads(theirs)
        policies["policies"]["Certificates"]["Install"].append(str(self.folder / "public-ca.pem"))
        shutil.copy(self.portal.tls_ca, self.folder / "public-ca.pem")
        FIREFOX.write_text(json.dumps(policies))
        card = self.card("P0000003")
        self.wait_for_key(card.serial)
        ticket = self.portal.ticket(self.portal.order(card))
        result = self.page.open_in_firefox(
            self.bidder, self.folder, {"kind": "renew", "ticket": ticket},
            meanwhile=lambda: self.display.type_pin(PIN, 60))
        expect(result["state"] == "done", f"the page told: {result}")
        expect("ukeyd" in firefox_certificates(self.bidder), firefox_certificates(self.bidder))
        FIREFOX.write_bytes(theirs)
        card.stop()

    def case_log(self):
        """The agent's lines in the user's journal, as ukeyctl finds them: all, of one operation, since a time, and
        those that come."""
        done = next(o["id"] for o in self.ctl(self.bidder, "operations")["operations"] if o["state"] == "done")
        everything = self.bidder.run("ukeyctl", "log")
        expect(done[:8] in everything and PIN not in everything, f"ukeyctl log: {everything}")
        expect(not (self.bidder.home / ".local/share/ukeyd/ukeyd.log").exists(), "there is a log file too")
        own = self.bidder.run("ukeyctl", "log", "--operation", done).splitlines()
        expect(own and all(done[:8] in line for line in own), f"ukeyctl log --operation: {own}")
        expect(len(own) < len(everything.splitlines()), "--operation leaves nothing out")
        self.bidder.run("ukeyctl", "log", "--since", "2099-01-01T00:00:00Z", ok=(1,))
        follower = Process("follow", self.bidder.command(["ukeyctl", "log", "--follow"]), self.folder)
        follower.wait_for_line(re.escape(own[-1]))
        before = len(follower.log_text().splitlines())
        self.bidder.systemctl("restart", "ukeyd.service")
        wait_until(lambda: any("ending on signal" in line for line in follower.log_text().splitlines()[before:]), 30,
                   "the new line of the agent that ends is followed")
        follower.stop()
        words = ["ukeyctl", "log", "--follow", "--operation", done, "--since", "2020-01-01T00:00:00Z"]
        follower = Process("follow-one", self.bidder.command(words), self.folder)
        follower.wait_for_line(re.escape(own[-1]))
        expect(follower.log_text().splitlines() == own, f"followed are {follower.log_text()}")
        follower.stop()

    def case_doctor(self):
        """Nothing is wrong with this computer; then something is."""
        card = self.card("P0000004")
        self.wait_for_key(card.serial)
        healthy = self.ctl(self.bidder, "doctor")
        expect(healthy["healthy"] and not healthy["findings"], f"ukeyctl doctor: {healthy['findings']}")
        units = ("pcscd.socket", "pcscd.service")
        run(["systemctl", "stop", *units])
        ill = self.ctl(self.bidder, "doctor", ok=(1,))
        expect("pcsc-no-service" in [row["code"] for row in ill["findings"]], f"without pcscd: {ill['findings']}")
        run(["systemctl", "start", *units])
        card.stop()

    def case_upgrade(self):
        """An upgrade while the PIN dialog is open: the operation is gone on with afterwards."""
        card = self.card("P0000002")
        self.wait_for_key(card.serial)
        ticket = self.portal.ticket(self.portal.order(card))
        words = self.bidder.command(["ukeyctl", "--json", "renew", "--platform", PLATFORM, "--ticket", ticket])
        Process("ctl", words, self.folder)
        self.display.wait_for_window(60)
        number = self.ctl(self.bidder, "operations")["operations"][0]["id"]
        before = self.bidder.properties("ukeyd.service", "MainPID")
        self.upgrade()
        wait_until(lambda: self.bidder.is_active("ukeyd.service"), 20, "the new agent runs")
        expect(self.bidder.properties("ukeyd.service", "MainPID") != before, "the old agent still runs")
        self.display.wait_until_closed()
        state = self.operation(self.bidder, number)["state"]
        expect(state == "failed", f"after the upgrade the operation is {state}")
        self.wait_for_key(card.serial)
        words = self.bidder.command(["ukeyctl", "--json", "resume", number])
        resumed = Process("resume", words, self.folder)
        self.display.type_pin(PIN, 60)
        wait_until(lambda: not resumed.running(), 60, "ukeyctl resume ends")
        found = self.operation(self.bidder, number)
        expect(found["state"] == "done", f"the resumed operation: {found}")
        card.stop()

    def upgrade(self):
        """To the same package under a higher version."""
        work = self.folder / "newer"
        run(["dpkg-deb", "-R", next(self.debs.glob("ukeyd_*.deb")), work])
        control = work / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+newer", control.read_text()))
        run(["dpkg-deb", "--root-owner-group", "--build", work, self.folder / "newer.deb"])
        run(["dpkg", "--install", self.folder / "newer.deb"], seconds=120)

    def case_second_user(self):
        """Another user of the computer, at the same time: other ports, and each answers its own user only."""
        self.second.log_in()
        answer = wait_until(lambda: self.status(self.second, PORTS["second"], ok=None), 30, "the second user's agent")
        expect(answer.get("agent") == "ukeyd", f"the second user's agent: {answer}")
        strange = self.status(self.second, PORTS["first"], ok=None)
        expect("agent" not in strange, f"the first user's agent tells the second: {strange}")
        self.second.log_out()

    def case_without_a_manager(self):
        """A desktop without a user manager: its autostart runs the agent itself."""
        self.second.runtime.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(self.second.runtime, self.second.name, self.second.name)
        words = self.second.command(["/usr/libexec/ukeyd/desktop-session"], DISPLAY=self.display.name)
        self.alone = Process("alone", words, self.folder)
        answer = wait_until(lambda: self.status(self.second, PORTS["second"], ok=None), 30, "it answers the second user")
        expect(answer.get("agent") == "ukeyd", f"the agent without a manager: {answer}")

    def case_remove(self):
        """Removed while it runs, also without a user manager, and though somebody's home does not answer: nothing of it runs
        or is trusted; the journal stays, until it is purged."""
        self.dead_home = DeadHome("away")
        BROKEN_MAIN.write_text("nonsense\n")  # does not keep the policies in the browsers
        told = run(["dpkg", "--remove", f"ukeyd-platform-{PLATFORM}", "ukeyd"], seconds=120).stderr.decode()
        expect(f"{self.dead_home.home} does not answer" in told, f"nothing is told of the home: {told}")
        BROKEN_MAIN.unlink()
        for unit in ("ukeyd.service", "ukeyd.socket"):
            expect(not self.bidder.is_active(unit), f"{unit} is still active")
        wait_until(lambda: not self.alone.running(), 10, "the agent without a manager has ended")
        left = [path for path in Path("/proc").glob("[0-9]*/comm") if read(path).startswith("ukeyd")]
        expect(not left, f"still running: {left}")
        expect(not (CHROMIUM / "ukeyd.json").exists(), "Chromium's policy is still there")
        expect("ukeyd" not in firefox_certificates(self.bidder), "Firefox's profile still has the certificate")
        left = FIREFOX.read_text() if FIREFOX.exists() else None
        expect(left == (OTHERS_FIREFOX if self.debs else None), f"Firefox's policies: {left}")
        expect((self.bidder.home / ".local/share/ukeyd/journal.db").exists(), "the journal went before it was purged")

    def case_purge(self):
        """The portal runs until then."""
        expect(is_active(PORTAL_UNIT), "the portal has ended")
        run(["dpkg", "--purge", f"ukeyd-platform-{PLATFORM}", "ukeyd", "ukeyd-sim", "ukeyd-portal"], seconds=120)
        expect(not is_active(PORTAL_UNIT), "the portal still runs")
        self.dead_home.remove()

    def case_install_while_logged_in(self):
        """Installed in the middle of a session: it runs at once."""
        self.install("ukeyd_*.deb")
        for unit in ("ukeyd.service", "ukeyd.socket"):
            expect(self.bidder.is_active(unit), self.bidder.systemctl("status", unit, ok=None))
        run(["dpkg", "--purge", "ukeyd"], seconds=120)

    # ---- the whole ----

    def case(self, name):
        started = time.monotonic()
        getattr(self, f"case_{name}")()
        print(f"ok    {name.replace('_', ' ')}  ({time.monotonic() - started:.1f} s)", flush=True)

    def look(self):
        """The computer without what Firefox keeps of itself for who used it."""
        own = (".mozilla/firefox", ".mozilla/firefox-esr", ".mozilla/extensions", ".cache", "Downloads")
        return tree.look(left_out=[str(self.bidder.home / path) for path in own])

    def compare(self, before):
        """Folders that a logged-in user's other programs make are not ours."""
        self.bidder.log_out()
        (CHROMIUM / "public-ca.json").unlink()
        found = tree.differences(before, self.look())
        expect(not found, "\n".join(["purging left something:", *found]))
        print("ok    purge leaves no difference", flush=True)

    def end(self):
        self.page.server.shutdown()
        self.display.__exit__()


WHOLE = ("drop_in", "first_connection", "desktop", "renew", "firefox", "log", "doctor", "upgrade", "second_user", "without_a_manager", "remove")
INSTALLED = ("drop_in", "first_connection", "desktop", "renew", "firefox", "log", "doctor", "second_user", "without_a_manager", "remove")


def main():
    parser = argparse.ArgumentParser()
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--debs", type=Path, help="the folder of the packages, which are installed and upgraded too")
    how.add_argument("--installed", action="store_true", help="they are installed already, as autopkgtest does")
    parser.add_argument("--work", type=Path, default=Path("/tmp/life"))
    asked = parser.parse_args()
    asked.work.mkdir(mode=0o755, exist_ok=True)
    life = Life(asked.debs, asked.work)
    life.prepare()
    before = life.look()
    if asked.debs:
        life.install("ukeyd_*.deb", "ukeyd-sim_*.deb", "ukeyd-portal_*.deb")
    life.set_up_platform()
    try:
        for name in WHOLE if asked.debs else INSTALLED:
            life.case(name)
    except Exception:
        show_logs(asked.work)
        raise
    life.end()
    if asked.debs:
        life.case("purge")
        life.case("install_while_logged_in")
        life.compare(before)
    else:
        life.dead_home.remove()
    for name, value in life.figures.items():
        print(f"      {name}: {value}")


def show_logs(folder):
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text("utf-8", "replace").splitlines()[-60:]
        print(f"---- {log.name}", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
