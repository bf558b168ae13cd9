"""Several at once, with a real pcscd: two keys, two pages, two users' agents at one key."""

import json
import subprocess
import threading

from agent import PLATFORM
from cases import Suite, equal
from processes import wait_until
from refusal import Untouched
from test_renew import Before, check_renewed

suite = Suite()

REQUEST = ("PUT", "/request")


class Held:
    """The platform's answers to requests for certificates, kept back until release()."""

    def __init__(self, platform, count):
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        platform.spoil(*REQUEST, self._act, times=count)

    def _act(self, forward):
        self.arrived.release()
        self.released.wait(30)
        return forward()

    def wait(self):
        assert self.arrived.acquire(timeout=30), "no request arrives"

    def release(self):
        self.released.set()


def held_world(world, cards, count):
    platform = world.faulty_portal()
    agent = world.agent(api=platform.api, tls_ca=platform.tls_ca)
    befores = [Before(world, card) for card in cards]
    return platform, agent, befores, Held(platform, count)


def active(world, card):
    return [c for c in world.portal.certificates(card) if c["status"] == "active"]


LABEL = ["--label", "BIDDER"]


def two_keys(world, one, other):
    """Of the same label."""
    cards = [world.card(slot=0, profile=one, more=LABEL), world.card(slot=1, profile=other, more=LABEL)]
    _, agent, befores, held = held_world(world, cards, 2)
    started = []
    for card in cards:  # their dialogs come one after the other, as one person answers them
        started.append(agent.start_operation("renew", world.ticket(card, key="replace"), card.serial)["id"])
        held.wait()
    for operation in started:
        equal(agent.operation(operation)["step"]["name"], "issue", "the step of both")
    held.release()
    for card, before, operation in zip(cards, befores, started):
        check_renewed(world, agent, card, before, agent.wait_over(operation), "replace")
        equal(len(active(world, card)), 2 if before.dual else 1, "certificates in force")


AT_ONCE = "are renewed at once: neither waits for the other, neither gets the other's"
suite.add(f"two keys {AT_ONCE}", lambda world: two_keys(world, "gmt0017-2012", "gmt0017-2012"))
suite.add(f"a GM/T key and a PIV token {AT_ONCE}", lambda world: two_keys(world, "gmt0017-2012", "piv-full"))


def one_leaves(world, stays, leaves):
    """One is pulled out while the other waits for its certificates."""
    cards = [world.card(slot=0, profile=stays, more=LABEL), world.card(slot=1, profile=leaves, more=LABEL)]
    _, agent, befores, held = held_world(world, cards, 1)
    started = agent.start_operation("renew", world.ticket(cards[0], key="replace"), cards[0].serial)["id"]
    held.wait()
    untouched = Untouched(cards[1])
    cards[1].pull()
    world.wait_keys(agent, 1)
    held.release()
    check_renewed(world, agent, cards[0], befores[0], agent.wait_over(started), "replace")
    untouched.check()
    world.wait_listed(agent, cards[0])


LEAVES = "is renewed while the other one is pulled out"
suite.add(f"a PIV token {LEAVES}", lambda world: one_leaves(world, "piv-full", "gmt0017-2012"))
suite.add(f"a GM/T key {LEAVES}", lambda world: one_leaves(world, "gmt0017-2012", "piv-full"))


@suite.case("two pages want the same key: the second is told, and gets it when the first is done")
def two_pages(world):
    card = world.card()
    _, agent, (before,), held = held_world(world, [card], 1)
    order = world.portal.order(card)
    first = agent.start_operation("renew", world.portal.ticket(order))["id"]
    held.wait()
    second = agent.perform("renew", world.portal.ticket(order))
    equal((second["state"], second["error"]["code"]), ("failed", "key-busy"), "the second page's")
    held.release()
    check_renewed(world, agent, card, before, agent.wait_over(first), "keep")
    equal(len(world.portal.certificates(card)), 4, "certificates issued in all")


@suite.case("the agents of two users work on one key: certificates are issued once, and the key is whole")
def two_agents(world):
    card = world.card()
    _, agent, (before,), held = held_world(world, [card], 2)
    other = world.agent(start=False)
    other.start(**other.dialogs.env)
    status = lambda: json.loads(other.ctl("--json", "status", ok=(0, 1)).stdout or "{}")
    wait_until(lambda: status().get("keys") == 1, 15, "the other agent sees the key")
    order = world.portal.order(card)
    first = agent.start_operation("renew", world.portal.ticket(order))["id"]
    held.wait()
    words = [other.programs / "ukeyctl", "--socket", other.socket, "--json", "renew", "--platform", PLATFORM]
    done = subprocess.run(words, input=world.portal.ticket(order).encode(), env=other.env, timeout=60,
                          capture_output=True, check=False)
    second = json.loads(done.stdout)
    held.release()
    over = agent.wait_over(first)
    states = {over["state"], second["state"]}
    assert "done" in states, f"neither agent is done: {over['error']}, {second['error']}"
    issued = world.portal.certificates(card)
    equal(sorted(c["status"] for c in issued), ["active"] * 2 + ["revoked"] * 2, "certificates issued in all")
    check_renewed(world, agent, card, before, over if over["state"] == "done" else second, "keep")
