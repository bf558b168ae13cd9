"""ukeyctl doctor: for each broken set-up it names that cause and no other, for a healthy one none."""

import os
import shutil
import signal
import socket
import sqlite3
import ssl
import stat
import threading
import time

from agent import PLAIN_PORT, PORT
from cases import Suite, equal
from fake_pcscd import NO_SERVICE, SECURITY_VIOLATION, FakePcscd
from patient import POLICIES, RTC, FullDisk, Patient
from pcscd import free_port
from processes import wait_until
from proxy_server import ProxyServer
from tls_server import make_server_identity
from unknown_card import UnknownCard

suite = Suite()
YEAR = 365 * 24 * 3600
LONG_AGO = 86400  # a clock that begins at 1970


def broken(name, *codes):
    """Decorator: the function spoils a patient and gives it; these are found and no others."""

    def register(spoil):
        def perform(world):
            found = spoil(world)
            patient, env = found if isinstance(found, tuple) else (found, {})
            patient.has(*codes, **env)

        suite.add(name, perform)
        return spoil

    return register


@suite.case("a healthy computer, and again as text")
def healthy(world):
    patient = Patient(world)
    facts = patient.doctor()["facts"]
    patient.has()
    equal(facts["agent"]["https_port"], str(PORT), "the port")
    equal(facts["keys"]["keys"], "1", "the keys")
    equal(facts["platform"]["sunshine"], "ok", "the platform")
    equal(facts["trust"][f"chromium {patient.agent.folder}/.pki/nssdb"], "trusted", "the trust")
    equal(facts["policy"]["chromium"], "trusted", "the policy")
    words = ["--lang", "zh", "doctor", "--state", patient.agent.state, "--config", patient.agent.config]
    equal(patient.agent.ctl(*words).stdout.decode(), "没有发现问题。\n", "the text")


# ---- the agent ----


@broken("the agent does not run", "agent-not-running")
def not_running(world):
    patient = Patient(world)
    patient.agent.stop()
    return patient


@broken("the agent was killed in the middle", "agent-not-running")
def killed(world):
    patient = Patient(world)
    patient.agent.kill()
    return patient


@suite.case("the agent hangs")
def hangs(world):
    patient = Patient(world)
    os.kill(patient.agent.process.pid, signal.SIGSTOP)
    try:
        patient.has("agent-silent")
    finally:
        os.kill(patient.agent.process.pid, signal.SIGCONT)


@broken("the agent is older than what is installed", "agent-old")
def old(world):
    patient = Patient(world, start=False)
    folder = world.new_folder("b")
    folder.mkdir()
    copy = folder / "ukeyd"
    shutil.copy2(patient.agent.programs / "ukeyd", copy)
    installed = patient.agent.programs
    patient.agent.programs = folder
    shutil.copy2(installed / "ukeyctl", folder)
    patient.start()
    copy.unlink()
    shutil.copy2(installed / "ukeyd", copy)
    return patient


@broken("two agents", "several-agents")
def two_agents(world):
    patient = Patient(world)
    second = world.agent(start=False)
    second.start(WAYLAND_DISPLAY=str(patient.screen.path))
    return patient


def listener(world, port):
    server = socket.create_server(("127.0.0.1", port))
    world.keep(Closing(server))


class Closing:
    def __init__(self, thing):
        self.thing = thing

    def stop(self):
        self.thing.close()


@broken("another program holds the first port", "port-taken")
def port_taken(world):
    listener(world, PORT)
    patient = Patient(world, start=False)
    start_on(patient, PORT + 10)
    return patient


def start_on(patient, port, **env):
    """The agent helper speaks to the first port only, so the socket is asked."""
    patient.agent.start(**env)
    wait_until(lambda: b'"keys":\t1' in patient.agent.ctl("--json", "status", ok=None).stdout, 10, f"it runs on {port}")
    patient.agent.ctl("trust", "install", "--state", patient.agent.state)


@broken("another program holds the plain port", "port-taken")
def plain_port_taken(world):
    listener(world, PLAIN_PORT)
    patient = Patient(world, start=False)
    start_on(patient, PORT + 10)
    return patient


@broken("other programs hold all ports", "ports-taken")
def ports_taken(world):
    patient = Patient(world)
    patient.agent.stop()
    for port in (PORT, PORT + 10, PORT + 20):
        listener(world, port)
    return patient


@broken("the agent's certificate is over", "identity-expired")
def identity_expired(world):
    patient = Patient(world, start=False)
    start_on(patient, PORT, UKEYD_TEST_NOW=str(int(time.time()) - 2 * YEAR))
    return patient


@broken("the agent's certificate was replaced under it", "https-failed", "trust-outdated")
def identity_replaced(world):
    patient = Patient(world)
    other = world.agent(start=False)
    other.start()
    other.stop()
    shutil.copy2(other.state / "identity" / "loopback.pem", patient.agent.state / "identity")
    return patient


# ---- settings and files ----


@broken("a configuration with an error", "config")
def config_error(world):
    patient = Patient(world)
    patient.agent.stop()
    with patient.agent.config.open("a") as config:
        config.write("colour = green\n")
    return patient


@broken("a configuration without a platform", "no-platform")
def no_platform(world):
    patient = Patient(world, start=False)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text[: text.index("[platform")])
    start_on(patient, PORT)
    return patient


@broken("a platform whose roots are gone", "roots-unreadable")
def no_roots(world):
    patient = Patient(world, start=False)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text.replace("roots.pem", "gone.pem"))
    start_on(patient, PORT)
    return patient


@broken("the state folder belongs to somebody else", "state-foreign")
def state_foreign(world):
    patient = Patient(world)
    patient.agent.stop()
    for path in (patient.agent.state, *patient.agent.state.rglob("*")):
        os.chown(path, 4711, 4711)
    return patient


@suite.case("the state folder is open to others: --fix closes it")
def state_mode(world):
    patient = Patient(world)
    patient.agent.state.chmod(0o755)
    patient.has("state-mode")
    found = patient.doctor("--fix")
    equal(found["findings"], [], "the findings afterwards")
    equal([(row["code"], row["done"]) for row in found["fixed"]], [("state-mode", True)], "what was done")
    equal(stat.S_IMODE(patient.agent.state.stat().st_mode), 0o700, "the mode")


@broken("the journal is damaged", "journal-damaged")
def journal_damaged(world):
    patient = Patient(world)
    patient.agent.stop()
    for beside in patient.agent.state.glob("journal.db-*"):
        beside.unlink()
    (patient.agent.state / "journal.db").write_bytes(b"no database" * 1000)
    return patient


@broken("the disk is full", "disk-full")
def disk_full(world):
    patient = Patient(world)
    patient.agent.stop()
    disk = world.keep(FullDisk(patient.agent.state))
    patient.start()
    disk.fill()
    return patient


@suite.case("an operation that the platform has not confirmed")
def unconfirmed(world):
    patient = Patient(world)
    patient.agent.stop()
    rows = sqlite3.connect(patient.agent.state / "journal.db")
    row = ("0123456789abcdef0123456789abcdef", "renew", patient.agent.origin, "sunshine", "unconfirmed", "confirm")
    rows.execute(
        "INSERT INTO operation (id, kind, origin, platform, state, step, created, updated, facts)"
        " VALUES (?, ?, ?, ?, ?, ?, 1, 1, '{}')", row)
    rows.commit()
    rows.close()
    patient.has("agent-not-running", "operation-unconfirmed")


@broken("an operation that broke off", "operation-interrupted")
def interrupted(world):
    patient = Patient(world, dialogs=world.dialogs("cancel"))
    card = patient.card
    started = patient.agent.perform("renew", world.ticket(card))
    equal(started["state"], "cancelled", "a cancelled one is no finding")
    patient.has()
    patient.agent.dialogs.replan("timeout")
    operation = patient.agent.perform("renew", world.ticket(card))
    equal(operation["state"], "failed", "the state")
    return patient


# ---- smart cards ----


@broken("pcscd is stopped", "pcsc-no-service")
def pcscd_stopped(world):
    patient = Patient(world)
    world.pcscd.stop()
    return patient


@broken("pcscd is not the library's version", "pcsc-mismatch")
def pcscd_mismatch(world):
    patient = Patient(world, card=False)
    world.pcscd.stop()
    world.keep(FakePcscd(version=NO_SERVICE))
    return patient


@broken("pcscd refuses the user", "pcsc-no-permission")
def pcscd_refuses(world):
    patient = Patient(world, card=False)
    world.pcscd.stop()
    world.keep(FakePcscd(context=SECURITY_VIOLATION))
    return patient


@broken("no reader", "no-reader")
def no_reader(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    return patient


@broken("a reader without a key", "no-key")
def no_key(world):
    return Patient(world, card=False)


@broken("a key that speaks HID", "key-hid")
def key_hid(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    patient.usb("1-2", "055c", "e618", ["03"], "mToken GM3000")
    patient.usb("1-3", "046d", "c077", ["03"], "USB Optical Mouse")
    return patient


@broken("a key that is a disk", "key-mass-storage")
def key_mass_storage(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    patient.usb("1-2", "6588", "1514", ["08", "03"])
    patient.usb("1-3", "0781", "5567", ["08"], "Cruzer Blade")
    return patient


@broken("a key whose reader has no driver", "key-no-driver")
def key_no_driver(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    shutil.rmtree(patient.root / "usr/lib/pcsc")
    patient.usb("1-2", "096e", "0807", ["0b"], "ePass2003")
    return patient


@broken("a key of an unknown kind", "key-unsupported")
def key_unsupported(world):
    patient = Patient(world, card=False)
    UnknownCard()
    wait_until(lambda: patient.agent.get("/v1/tokens")["tokens"], 10, "the agent sees the card")
    return patient


@broken("a key whose PIN is locked", "pin-locked")
def pin_locked(world):
    return with_tries(world, 0)


@broken("a key with one try left", "pin-last-try")
def pin_last_try(world):
    return with_tries(world, 1)


def with_tries(world, left):
    patient = Patient(world, card=False)
    card = world.card(plugged=False)
    card.edit(lambda application: application["user_pin"].update(left=left))
    card.plug_in()
    world.wait_keys(patient.agent, 1)
    return patient


@broken("a key whose certificate is over", "certificate-expired")
def certificate_expired(world):
    patient = Patient(world, card=False)
    world.card(days_left=-3)
    world.wait_keys(patient.agent, 1)
    return patient


# ---- browsers ----


@suite.case("a browser without trust: --fix sets it")
def untrusted(world):
    patient = Patient(world, start=False)
    patient.start(trust=False)
    patient.has("trust-missing")
    found = patient.doctor("--fix")
    equal(found["findings"], [], "the findings afterwards")


@broken("no policy", "policy-missing")
def policy_missing(world):
    patient = Patient(world)
    shutil.rmtree(patient.root / POLICIES)
    return patient


@broken("a policy for another platform", "policy-outdated")
def policy_outdated(world):
    patient = Patient(world)
    patient.allow("https://other.example")
    return patient


@broken("a policy that blocks", "policy-blocked")
def policy_blocked(world):
    patient = Patient(world)
    patient.write(f"{POLICIES}/strict.json", '{"LoopbackNetworkBlockedForUrls": ["*"]}')
    return patient


@broken("a policy that overrides", "policy-overridden")
def policy_overridden(world):
    patient = Patient(world)
    patient.write(f"{POLICIES}/zz.json", '{"LoopbackNetworkAllowedForUrls": ["https://intranet.example"]}')
    return patient


# ---- the PIN dialog ----


@broken("no pinentry", "pinentry-missing")
def no_pinentry(world):
    patient = Patient(world)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text.replace(str(patient.agent.dialogs.program), "/opt/none/pinentry"))
    return patient


@broken("a pinentry for terminals", "pinentry-text")
def text_pinentry(world):
    patient = Patient(world)
    program = world.case_folder / "pinentry-curses"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text.replace(str(patient.agent.dialogs.program), str(program)))
    return patient


@broken("no desktop", "no-display")
def no_display(world):
    patient = Patient(world, start=False)
    del patient.agent.env["WAYLAND_DISPLAY"]
    patient.start()
    return patient


@broken("the desktop is gone", "display-gone")
def display_gone(world):
    patient = Patient(world)
    patient.screen.stop()
    return patient


# ---- clocks ----


@broken("a clock that is a day ahead", "clock-wrong")
def clock_wrong(world):
    return Patient(world), {"UKEYD_TEST_NOW": str(int(time.time()) + 86400)}


@broken("a clock at 1970", "clock-reset")
def clock_reset(world):
    return Patient(world), {"UKEYD_TEST_NOW": str(LONG_AGO)}


@broken("a hardware clock at 1970", "rtc-reset")
def rtc_reset(world):
    patient = Patient(world)
    patient.write(RTC, f"{LONG_AGO}\n")
    return patient


# ---- the way to the platform ----


def towards(world, api, proxy="", **changed):
    """A patient whose platform's interface is there. changed: lines of the configuration."""
    patient = Patient(world, api=api)
    text = patient.agent.config.read_text()
    lines = {"proxy": proxy, **changed}
    for name, value in lines.items():
        kept = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
        text = "\n".join([*kept, *([f"{name} = {value}"] if value is not None else [])]) + "\n"
    patient.agent.config.write_text(text)
    return patient


@broken("a platform whose name nobody knows", "platform-name")
def unknown_name(world):
    return towards(world, "https://portal.invalid/agent/v1")


@broken("a platform that is down", "platform-connect")
def closed_port(world):
    return towards(world, f"https://127.0.0.1:{free_port()}/agent/v1")


class TlsAnswer:
    """A TLS server with one answer for everything. make(folder) gives (certificate and key, CA)."""

    def __init__(self, folder, answer=b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", identity=make_server_identity):
        bundle, self.ca = identity(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(bundle)
        self.answer = answer
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.api = f"https://127.0.0.1:{self.listener.getsockname()[1]}/agent/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self.listener.accept()
                line.recv(65536)
                line.sendall(self.answer)
                line.close()
            except ssl.SSLError:
                continue  # the client refused the certificate
            except OSError:
                if self.listener.fileno() < 0:
                    return

    def stop(self):
        self.listener.close()


def server(world, **options):
    return world.keep(TlsAnswer(world.case_folder / "tls", **options))


@broken("a gateway that looks into TLS", "platform-intercepted")
def intercepted(world):
    return towards(world, server(world).api)


@broken("a platform with a CA of its own that nobody configured", "platform-untrusted")
def untrusted_platform(world):
    return towards(world, server(world).api, tls_ca=None)


def old_identity(folder):
    return make_server_identity(folder, days=-1)


def other_name(folder):
    return make_server_identity(folder, address="127.0.0.9")


@broken("a platform whose certificate is over", "platform-certificate-time")
def platform_expired(world):
    found = server(world, identity=old_identity)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a platform with another one's certificate", "platform-certificate-name")
def platform_misnamed(world):
    found = server(world, identity=other_name)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a platform that fails", "platform-failed")
def platform_fails(world):
    found = server(world, answer=b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    return towards(world, found.api, tls_ca=found.ca)


@broken("a network that wants a log-in first", "platform-login-page")
def captive(world):
    page = b"<html>log in</html>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    found = server(world, answer=head.encode() + page)
    return towards(world, found.api, tls_ca=found.ca)


@broken("a server that is no TLS server", "platform-tls")
def no_tls(world):
    listening = socket.create_server(("127.0.0.1", 0))
    world.keep(Closing(listening))

    def answer():
        while True:
            try:
                line, _ = listening.accept()
                line.recv(65536)
                line.sendall(b"SSH-2.0-OpenSSH\r\n")
                line.close()
            except OSError:
                return

    threading.Thread(target=answer, daemon=True).start()
    return towards(world, f"https://127.0.0.1:{listening.getsockname()[1]}/agent/v1")


# ---- proxies ----


@suite.case("a proxy that works is no finding")
def good_proxy(world):
    proxy = world.keep(ProxyServer())
    patient = towards(world, None, proxy.url)
    patient.has()
    assert proxy.targets, "it was not used"


@broken("a proxy that is not there", "proxy-connect")
def no_proxy_there(world):
    return towards(world, None, f"http://127.0.0.1:{free_port()}")


@broken("a proxy whose name nobody knows", "proxy-name")
def proxy_unknown(world):
    return towards(world, None, "http://proxy.invalid:3128")


@broken("a proxy that refuses", "proxy-refused")
def proxy_refuses(world):
    return towards(world, None, world.keep(ProxyServer(refuse=403)).url)


@broken("a proxy that wants a log-in", "proxy-login")
def proxy_login(world):
    return towards(world, None, world.keep(ProxyServer(login=("li", "geheim"))).url)


@broken("a proxy's log-in that others can read", "proxy-login-file", "proxy-login")
def proxy_login_open(world):
    patient = towards(world, None, world.keep(ProxyServer(login=("li", "geheim"))).url)
    login = patient.agent.folder / ".config" / "ukeyd" / "proxy-login"
    login.parent.mkdir(parents=True)
    login.write_text("li:geheim\n")
    login.chmod(0o644)
    return patient


# ---- the report ----


@suite.case("the report says much, and names nobody")
def report(world):
    patient = Patient(world)
    path = patient.agent.folder / "report.txt"
    patient.doctor("--report", path)
    text = path.read_text()
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "the mode")
    for wanted in ("sunshine", '"healthy"', patient.agent.origin, "Virtual PCD"):
        assert wanted in text, wanted
    for secret in (patient.card.serial, "张三", "阳光测试有限公司", str(patient.agent.folder), "123456"):
        assert secret not in text, secret
    again = patient.agent.ctl("doctor", "--state", patient.agent.state, "--config", patient.agent.config,
                              "--report", path, ok=(1,))
    assert b"record-exists" in again.stderr, again.stderr
    equal(path.read_text(), text, "the report")
