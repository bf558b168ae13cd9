"""ukeyctl doctor, the agent and its files: for each broken set-up it names that cause and no other, for a healthy one none."""

import os
import shutil
import signal
import socket
import sqlite3
import stat
import time

from agent import PLAIN_PORT, PORT
from cases import Suite, equal
from listening import Listening
from patient import FullDisk, Patient, breaker
from processes import wait_until

suite = Suite()
broken = breaker(suite)
YEAR = 365 * 24 * 3600


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
    """A program that waits for more, whatever it is told."""
    server = socket.create_server(("127.0.0.1", port))
    world.keep(Listening(server, lambda line: line.recv(1 << 20, socket.MSG_WAITALL)))


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


# ---- the report ----


def write_report(patient):
    """Its text, which names nobody."""
    path = patient.agent.folder / "report.txt"
    patient.doctor("--report", path)
    text = path.read_text()
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "the mode")
    for secret in (patient.card.serial, "张三", "阳光测试有限公司", str(patient.agent.folder), "123456"):
        assert secret not in text, secret
    return path, text


@suite.case("the report says much, and names nobody")
def report(world):
    patient = Patient(world)
    path, text = write_report(patient)
    for wanted in ("sunshine", '"healthy"', patient.agent.origin, "Virtual PCD"):
        assert wanted in text, wanted
    again = patient.agent.ctl("doctor", "--state", patient.agent.state, "--config", patient.agent.config,
                              "--report", path, ok=(1,))
    assert b"report-exists" in again.stderr, again.stderr
    equal(path.read_text(), text, "the report")


@suite.case("without an agent the report names nobody either")
def report_without_agent(world):
    patient = Patient(world, dialogs=world.dialogs("timeout"))
    operation = patient.agent.perform("renew", world.ticket(patient.card))
    equal(operation["state"], "failed", "the state")
    patient.agent.stop()
    log = patient.agent.state / "ukeyd.log"
    log.write_text(f"2026-11-22T14:30:00Z info ops: the holder 阳光测试有限公司 of the order, lock {patient.card.serial}\n")
    _, text = write_report(patient)
    assert "the holder (name) of the order, lock " in text, text
