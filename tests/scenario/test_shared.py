"""Other programs at the key: what they keep to themselves, and what the agent and ukeyctl doctor say of it."""

import subprocess
import sys
from pathlib import Path

from card import PIN
from cases import Suite, equal
from families import GMT0017, PIV
from patient import Patient
from processes import Process
from refusal import Untouched, refused
from test_renew import Before, check_renewed
from two_applications import OPENPGP, TwoApplications

suite = Suite()

HOLDER = Path(__file__).with_name("card_holder.py")
SCDAEMON = "/usr/lib/gnupg/scdaemon"
USUAL, SHARED = "disable-ccid\n", "disable-ccid\npcsc-shared\n"  # of its settings
NEW_PIN = "737465"


def hold(world, *way):
    """Another program that holds the key; stop() ends it."""
    holder = world.keep(Process("holder", [sys.executable, "-B", HOLDER, *way], world.case_folder))
    holder.wait_for_line("^held$")
    return holder


class GnuPG:
    """The real scdaemon."""

    def __init__(self, world, settings):
        home = self.home_with(world, settings)
        self.process = subprocess.Popen(
            [SCDAEMON, "--server", "--homedir", home], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        world.keep(self)
        self._answer()

    @staticmethod
    def home_with(world, settings):
        home = world.new_folder("g")
        home.mkdir(mode=0o700)
        (home / "scdaemon.conf").write_text(settings)
        return home

    def _answer(self):
        lines = [self.process.stdout.readline()]
        while lines[-1] and not lines[-1].startswith((b"OK", b"ERR")):
            lines.append(self.process.stdout.readline())
        return lines

    def ask(self, command):
        """What it answers, as lines; the last is OK or ERR."""
        self.process.stdin.write(command + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def take_card(self):
        answer = self.ask(b"SERIALNO")
        assert answer[-1].startswith(b"OK"), answer

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Beside:
    """A computer with a key that has two applications."""

    def __init__(self, world, profile=PIV.profiles[0], pin=PIN, **options):
        """options: of Patient."""
        self.card = world.card(profile=profile, pin=pin, plugged=False)
        self.key = world.keep(TwoApplications())
        self.card.plug_in(port=self.key.port)
        self.patient = Patient(world, card=False, **options)
        self.agent = self.patient.agent
        world.wait_listed(self.agent, self.card)


def error_of(agent):
    (token,) = agent.get("/v1/tokens")["tokens"]
    return token.get("error", {}).get("code")


def check_goes_on(world, agent, card):
    """The other program is gone: the same operation works, with the try that the person types."""
    before = Before(world, card)
    operation = agent.perform("renew", world.ticket(card))
    check_renewed(world, agent, card, before, operation, "keep")


# ---- a key that another program keeps ----


def kept(way, profile):
    def perform(world):
        patient = Patient(world, card=False)
        card = world.card(profile=profile)
        agent = patient.agent
        world.wait_listed(agent, card)
        holder = hold(world, way)
        equal(error_of(agent), "reader-busy", "the key's error")
        refused(agent, "reader-busy", Untouched(card), world.ticket(card))
        (found,) = patient.has("key-held")
        assert f"({holder.pid})" in found["found"], found
        holder.stop()
        check_goes_on(world, agent, card)
        patient.has()

    return perform


for way in ("exclusive", "transaction"):
    for family in (GMT0017, PIV):
        suite.add(f"{family.name}: {way}", kept(way, family.profiles[0]))


@suite.case("exclusive, and no agent runs")
def without_agent(world):
    patient = Patient(world)
    world.wait_listed(patient.agent, patient.card)
    patient.agent.stop()
    hold(world, "exclusive")
    patient.has("agent-not-running", "key-held")


@suite.case("others that share the key are no finding")
def shared(world):
    patient = Patient(world)
    agent, card = patient.agent, patient.card
    world.wait_listed(agent, card)
    holder = hold(world, "shared")
    check_goes_on(world, agent, card)
    patient.has()
    programs = patient.doctor()["facts"]["pcsc"]["programs"]
    equal(programs, f"{Path(sys.executable).name[:15]} ({holder.pid})", "the programs")


# ---- GnuPG ----


@suite.case("GnuPG keeps a key that it knows to itself")
def gnupg_keeps(world):
    beside = Beside(world)
    agent, card = beside.agent, beside.card
    gnupg = GnuPG(world, USUAL)
    gnupg.take_card()
    refused(agent, "reader-busy", Untouched(card), world.ticket(card))
    (found,) = beside.patient.has("key-held-by-gnupg")
    assert f"scdaemon ({gnupg.process.pid})" in found["found"], found
    assert "pcsc-shared" in found["remedy"], found
    gnupg.stop()
    check_goes_on(world, agent, card)


@suite.case("GnuPG may drive a reader that the service does not list")
def gnupg_drives(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    patient.usb("1-2", "1050", "0407", ["0b", "03"], "YubiKey OTP+FIDO+CCID")
    patient.has("no-reader")
    GnuPG(world, USUAL)
    patient.has("key-held-by-gnupg")
    patient.has("no-reader", GNUPGHOME=str(GnuPG.home_with(world, USUAL)))


@suite.case("GnuPG that shares the key, before and during a renewal")
def gnupg_shares(world):
    beside = Beside(world, dialogs=world.dialogs(f"held pin {PIN}"))
    agent, card = beside.agent, beside.card
    before = Before(world, card)
    gnupg = GnuPG(world, SHARED)
    gnupg.take_card()
    operation = agent.start_operation("renew", world.ticket(card))
    agent.dialogs.wait_open()
    gnupg.ask(b"LEARN --force")
    agent.dialogs.release()
    check_renewed(world, agent, card, before, agent.wait_over(operation["id"]), "keep")
    equal(beside.key.strayed, [], "what was sent to the other application")
    beside.patient.has()


# ---- another application is selected while a dialog is open ----


OWN_PIN = "528491"
SELECTED = {  # kind: the PIN before, what the person does, the PIN afterwards
    "renew": (PIN, (f"held pin {PIN}",), PIN),
    "change-pin": (PIN, (f"held pin {PIN}", f"new-pin {NEW_PIN}"), NEW_PIN),
    "reset-pin": (OWN_PIN, ("held ok", "ok", "cancel"), PIN),  # the first yes comes too fast to count
}


def ticket_for(world, kind, card):
    if kind == "reset-pin":
        return world.portal.reset_ticket(card)
    return world.ticket(card) if kind == "renew" else None


def selected(kind, profile):
    before, plan, afterwards = SELECTED[kind]

    def perform(world):
        beside = Beside(world, profile, pin=before, dialogs=world.dialogs(*plan))
        agent, card = beside.agent, beside.card
        operation = agent.start_operation(kind, ticket_for(world, kind, card))
        agent.dialogs.wait_open()
        hold(world, "select", OPENPGP.hex())
        assert beside.key.second, "the other application is selected"
        agent.dialogs.release()
        over = agent.wait_over(operation["id"])
        equal(over["state"], "done", f"the state ({over['error']})")
        equal(beside.key.strayed_secrets(), [], "PINs that were sent to the other application")
        equal(card.tries_left(), card.tries()["max"], "PIN tries left")
        card.stop()
        assert card.holds_pin(afterwards), "the PIN"

    return perform


for kind in SELECTED:
    for profile in PIV.profiles:
        suite.add(f"{profile}: another application is selected before {kind} writes", selected(kind, profile))
