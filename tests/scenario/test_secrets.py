"""Where PINs and a job's secret are after an operation: nowhere but on the key."""

import base64
import ctypes
import json
import os
import socket
from pathlib import Path

import faulty_portal as faulty
import memory_scan
from card import PIN as INITIAL_PIN
from cases import Suite, equal
from processes import ScenarioError, wait_until
from real_dialogs import RealDialogs
from test_sandbox import children, launcher

suite = Suite()

# No piece of these is anywhere by chance; '%' goes through the dialog's escapes.
OLD_PIN = "Zq7%kVm9Tw4x"
NEW_PIN = "Hd5%pRn8Ys3b"
WRONG_PIN = "Jf6%tLc2Xg9w"
PINS = (OLD_PIN, NEW_PIN, WRONG_PIN)
PIECE = 8  # bytes of its beginning or end give a PIN away
PIDFD_GETFD = 438  # syscall, Linux 5.6
HELD_SECONDS = 600  # a platform's answer that is waited for until the test has seen enough


def disguises(name, content):
    return {
        f"the beginning of {name}": content[:PIECE],
        f"the end of {name}": content[-PIECE:],
        f"{name} in Base64": base64.b64encode(content[:PIECE])[: PIECE * 8 // 6],
        f"{name} in hex": content[:PIECE].hex().encode(),
        f"{name} in HEX": content[:PIECE].hex().upper().encode(),
    }


NEEDLES = {key: value for pin in PINS for key, value in disguises(pin, pin.encode()).items()}


def search(content, where, needles=None):
    for name, needle in (needles or NEEDLES).items():
        assert needle not in content, f"{name} stands in {where}"


def queued(pid):
    """What lies unread in the sockets of a process, without taking it out."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if not os.readlink(link).startswith("socket:"):
                continue
        except FileNotFoundError:
            continue
        copy = libc.syscall(PIDFD_GETFD, pidfd, int(link.name), 0)
        if copy < 0:
            raise ScenarioError(f"descriptor {link.name}: {os.strerror(ctypes.get_errno())}")
        with socket.socket(fileno=copy) as peeked:
            try:
                found.append(peeked.recv(1 << 20, socket.MSG_PEEK | socket.MSG_DONTWAIT))
            except OSError:  # empty, or one that listens
                pass
    os.close(pidfd)
    return b"\n".join(found)


class Watched:
    """A key whose PIN is known by its looks, and an agent all of whose words are kept."""

    def __init__(self, world, *plan, dialogs=None, managed=False, prepare=None, **person):
        """prepare(card): with the key not plugged in yet."""
        self.world = world
        self.card_trace = world.case_folder / "key.trace"
        self.agent_trace = world.case_folder / "agent.trace"
        self.card = world.card(**{"pin": OLD_PIN, **person}, plugged=False, managed=managed)
        if prepare:
            prepare(self.card)
        self.card.plug_in(trace=self.card_trace)
        self.platform = world.faulty_portal()
        self.agent = world.agent(
            dialogs or world.dialogs(*plan),
            api=self.platform.api,
            tls_ca=self.platform.tls_ca,
            trace=self.agent_trace,
        )
        self.launcher = launcher(self.agent)
        self.heard = []  # by the page
        request = self.agent.request

        def heard(*words, **options):
            answer = request(*words, **options)
            self.heard.append(repr(answer.headers).encode() + answer.body)
            return answer

        self.agent.request = heard
        self.events = world.keep(Listening(self.agent))

    def pids(self):
        return {"the agent": self.agent.process.pid, "the launcher": self.launcher}

    def check_processes(self):
        """Nothing in memory, in sockets, in the words that started them; no dialog is left."""
        wait_until(lambda: not children(self.launcher), 10, "the last dialog is gone")
        for name, pid in self.pids().items():
            equal(memory_scan.found_in(pid, NEEDLES), {}, f"what the memory of {name} holds")
            search(queued(pid), f"the sockets of {name}")
            for part in ("environ", "cmdline"):
                search(Path(f"/proc/{pid}/{part}").read_bytes(), f"{part} of {name}")
        known = {"the key's serial": self.card.serial.encode()}
        assert memory_scan.found_in(self.agent.process.pid, known), "the scan finds nothing at all"

    def check_words(self):
        """Nothing in what was said: logs, traces, to page and platform."""
        log = self.agent.process.log_text()
        assert self.card.serial in log or "operation" in log or len(log) > 500, "the log is empty"
        search(log.encode(), "the agent's log")
        traces = {self.agent_trace: "of the agent"}
        if not self.card.family.pin_in_clear:
            traces[self.card_trace] = "of the key"
        for path, words in traces.items():
            text = path.read_text()
            assert len(text) > 500, f"the trace {words} is empty"
            search(text.encode(), f"the trace {words}")
            search(text.upper().replace(" ", "").encode(), f"the trace {words}")
        search(b"\n".join(self.heard), "what the page heard")
        search(self.events.heard(), "the events of the page")
        search(b"\n".join(self.platform.bodies), "what platform and agent said")

    def check_files(self, needles=None):
        """Nothing in the agent's files, also once it has ended."""
        files = [p for p in self.agent.folder.rglob("*") if p.is_file()]
        assert any(p.name.startswith("journal.db") for p in files), files
        for path in files:
            search(path.read_bytes(), path.name, needles)

    def check_all(self):
        self.check_processes()
        self.check_words()
        self.check_files()
        equal(self.agent.stop(), 0, "the agent's exit status")
        self.check_files()


class Listening:
    """A page's WebSocket, and what came through it."""

    def __init__(self, agent):
        self.stream = agent.events()

    def heard(self):
        assert self.stream.events, "the page heard of nothing"
        return json.dumps(self.stream.events, ensure_ascii=False).encode()

    def stop(self):
        self.stream.close()


def renew(watched):
    operation = watched.agent.perform("renew", watched.world.ticket(watched.card))
    equal(operation["state"], "done", f"the state ({operation['error']})")


@suite.case("a renewal")
def _(world):
    watched = Watched(world, f"pin {OLD_PIN}")
    renew(watched)
    watched.check_all()


PIV_OLD_PIN, PIV_NEW_PIN = OLD_PIN[:8], NEW_PIN[:8]  # as long as a PIV token takes them


@suite.case("a renewal of a PIV token that wants the PIN before each signature")
def _(world):
    watched = Watched(world, f"pin {PIV_OLD_PIN}", profile="piv-plain", pin=PIV_OLD_PIN)
    renew(watched)
    watched.check_all()


@suite.case("a change of the PIN of a PIV token")
def _(world):
    watched = Watched(world, f"pin {PIV_OLD_PIN}", f"new-pin {PIV_NEW_PIN}", profile="piv-full", pin=PIV_OLD_PIN)
    operation = watched.agent.perform("change-pin")
    equal(operation["state"], "done", f"the state ({operation['error']})")
    watched.check_all()


@suite.case("a renewal with a wrong PIN first")
def _(world):
    watched = Watched(world, f"pin {WRONG_PIN}", f"pin {OLD_PIN}")
    renew(watched)
    watched.check_all()


@suite.case("a PIN typed into a real dialog")
def _(world):
    dialogs = world.keep(RealDialogs())
    watched = Watched(world, dialogs=dialogs)
    started = watched.agent.start_operation("renew", world.ticket(watched.card))
    watched.agent.wait_for(started["id"], lambda o: o["state"] == "waiting-user")
    dialogs.answer_pin(OLD_PIN)
    operation = watched.agent.wait_over(started["id"])
    equal(operation["state"], "done", f"the state ({operation['error']})")
    watched.check_all()


@suite.case("a change of the PIN")
def _(world):
    watched = Watched(world, f"pin {OLD_PIN}", f"new-pin {NEW_PIN}")
    operation = watched.agent.perform("change-pin")
    equal(operation["state"], "done", f"the state ({operation['error']})")
    watched.check_all()


@suite.case("a change with a pinentry that has no second entry, and a mistake in it")
def _(world):
    watched = Watched(
        world, f"pin {OLD_PIN}", f"simple pin {NEW_PIN}", f"pin {WRONG_PIN}", f"simple pin {NEW_PIN}", f"pin {NEW_PIN}"
    )
    operation = watched.agent.perform("change-pin")
    equal(operation["state"], "done", f"the state ({operation['error']})")
    watched.check_all()


@suite.case("a reset, and the PIN changed at once")
def _(world):
    watched = Watched(world, "ok", "ok", f"pin {INITIAL_PIN}", f"new-pin {NEW_PIN}", managed=True)
    operation = watched.agent.perform("reset-pin", world.portal.reset_ticket(watched.card))
    equal(operation["state"], "done", f"the state ({operation['error']})")
    watched.check_all()


def at_platform(watched):
    """A renewal whose PIN was typed, while the platform makes up its mind."""
    watched.platform.spoil("PUT", "/request", faulty.slow(HELD_SECONDS))
    started = watched.agent.start_operation("renew", watched.world.ticket(watched.card))
    asked = watched.platform.requests
    wait_until(lambda: any(line.endswith("/request") for line in asked), 60, "the platform is asked")
    return started


@suite.case("a cancelled operation; the agent has no PIN any more while the platform makes up its mind")
def _(world):
    watched = Watched(world, f"pin {OLD_PIN}")
    started = at_platform(watched)
    watched.check_processes()
    watched.agent.request("POST", f"/v1/operations/{started['id']}/cancel", {})
    operation = watched.agent.wait_over(started["id"])
    equal(operation["state"], "cancelled", "the state")
    watched.check_all()


@suite.case("while it is typed a PIN is in the dialog alone, where the scan finds it")
def _(world):
    watched = Watched(world, f"slow {HELD_SECONDS} pin {OLD_PIN}")
    started = watched.agent.start_operation("change-pin")
    watched.agent.wait_for(started["id"], lambda o: o["state"] == "waiting-user")
    dialog = wait_until(lambda: children(watched.launcher), 10, "a dialog is open")[0]
    typed = {"the PIN": OLD_PIN.encode()}
    wait_until(lambda: memory_scan.found_in(dialog, typed), 20, "the scan finds the PIN in the dialog")
    for name, pid in watched.pids().items():
        equal(memory_scan.found_in(pid, NEEDLES), {}, f"what the memory of {name} holds")
    watched.agent.request("POST", f"/v1/operations/{started['id']}/cancel", {})
    equal(watched.agent.wait_over(started["id"])["state"], "cancelled", "the state")
    watched.check_all()


@suite.case("a dialog that answers and then does not leave")
def _(world):
    watched = Watched(world, f"raw D {OLD_PIN.replace('%', '%25')}\\nOK\\n")
    renew(watched)
    watched.check_all()


@suite.case("a job's secret is gone from the files once it is over, and is never said")
def _(world):
    watched = Watched(world, f"pin {OLD_PIN}")
    renew(watched)
    job = next(answer for method, path, answer in watched.platform.answers if path.endswith("/jobs"))
    secret = {"the job's secret": job["secret"].encode()}
    assert len(job["secret"]) > PIECE, "there is no secret"
    search(watched.agent.process.log_text().encode(), "the agent's log", secret)
    search(watched.agent_trace.read_bytes(), "the agent's trace", secret)
    search(b"\n".join(watched.heard), "what the page heard", secret)
    search(watched.events.heard(), "the events of the page", secret)
    equal(watched.agent.stop(), 0, "the agent's exit status")
    watched.check_files(secret)
