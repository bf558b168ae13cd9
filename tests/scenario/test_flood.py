"""Clients that open connections and say nothing, or next to nothing: the next honest one has room, a page's
WebSocket stays, and afterwards nothing is left of them."""

import selectors
import socket
import ssl
import time
from pathlib import Path

from agent import PORT
from cases import Suite, equal
from processes import wait_until

suite = Suite()

IDLE, SLOW = 500, 50
# What is aimed at is an answer within a second and the end of idle connections within ten. On a machine that does
# much else at a time these are what fails.
ANSWER_SECONDS, CLOSED_SECONDS = 10, 30
BYTE_SECONDS = 0.2  # between two bytes of a slow head: it would take a minute
HEAD = b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:27510\r\nX: " + b"x" * 300


class Flood:
    """Connections to the agent, and what became of them."""

    def __init__(self, agent):
        self.agent = agent
        self.open = []
        self.closed = 0
        self.selector = selectors.DefaultSelector()
        self.since = time.monotonic()  # the last one was opened

    def connect(self, tls):
        connection = socket.create_connection(("127.0.0.1", PORT), timeout=ANSWER_SECONDS)
        if tls:
            connection = self.agent.tls.wrap_socket(connection, server_hostname="127.0.0.1")
        connection.setblocking(False)
        self.open.append(connection)
        self.selector.register(connection, selectors.EVENT_READ)
        self.since = time.monotonic()

    def look(self):
        """Takes what came. The rest of a flood's answers is of no interest: that they end is."""
        for key, _ in self.selector.select(0.05):
            if has_ended(key.fileobj):
                self.drop(key.fileobj)

    def drop(self, connection):
        self.selector.unregister(connection)
        self.open.remove(connection)
        connection.close()
        self.closed += 1

    def send(self, data):
        for connection in list(self.open):
            try:
                connection.send(data)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                pass
            except OSError:
                self.drop(connection)

    def wait_closed(self):
        while self.open:
            assert time.monotonic() - self.since < CLOSED_SECONDS, f"{len(self.open)} are still open"
            self.look()

    def stop(self):
        for connection in self.open:
            connection.close()
        self.selector.close()


def has_ended(connection):
    try:
        while connection.recv(4096):
            pass
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return False
    except OSError:
        pass
    return True


def descriptors(agent):
    return len(list(Path(f"/proc/{agent.process.pid}/fd").iterdir()))


def answer_seconds(agent):
    """How long an honest page waits, with a connection of its own."""
    started = time.monotonic()
    agent.get("/v1/status", seconds=ANSWER_SECONDS)
    return time.monotonic() - started


class Scene:
    """An agent with a page that listens to its events."""

    def __init__(self, world):
        self.agent = world.agent()
        self.events = self.agent.events()
        answer_seconds(self.agent)
        wait_until(lambda: self.is_quiet(), 10, "the agent has settled")
        self.before = descriptors(self.agent)
        self.flood = world.keep(Flood(self.agent))

    def is_quiet(self):
        """Whether the request before this is gone from its descriptors."""
        found = descriptors(self.agent)
        time.sleep(0.3)
        return descriptors(self.agent) == found

    def check(self, what):
        taken = max(answer_seconds(self.agent) for _ in range(3))
        self.flood.look()
        held = len(self.flood.open)
        self.flood.wait_closed()
        ended = time.monotonic() - self.flood.since
        print(f"{what}: {held} held, answered within {taken:.2f} s, all closed after {ended:.1f} s")
        assert not self.events.closed, "the page's WebSocket was closed"
        wait_until(
            lambda: descriptors(self.agent) == self.before,
            ANSWER_SECONDS,
            f"the agent has {self.before} descriptors again",
        )
        self.events.close()


def idle(world, name, tls):
    scene = Scene(world)
    for _ in range(IDLE):
        scene.flood.connect(tls)
    scene.check(f"idle {name}")
    equal(scene.flood.closed, IDLE, "closed connections")


suite.add(f"{IDLE} idle TCP connections", lambda world: idle(world, "TCP", tls=False))
suite.add(f"{IDLE} idle TLS connections", lambda world: idle(world, "TLS", tls=True))


@suite.case(f"{SLOW} clients that send their head slowly")
def slow_heads(world):
    scene = Scene(world)
    for _ in range(SLOW):
        scene.flood.connect(tls=True)
    answers = []
    for at in range(len(HEAD)):
        scene.flood.send(HEAD[at : at + 1])
        answers.append(answer_seconds(scene.agent))
        scene.flood.look()
        if not scene.flood.open:
            break
        time.sleep(BYTE_SECONDS)
        assert time.monotonic() - scene.flood.since < CLOSED_SECONDS, f"{len(scene.flood.open)} are still open"
    assert at < len(HEAD) - 1, "a head that took so long was taken"
    print(f"slow heads: answered within {max(answers):.2f} s each of {len(answers)} times")
    scene.check("slow heads")
