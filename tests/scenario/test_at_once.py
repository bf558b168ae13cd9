"""Several at once, with a real pcscd: two keys, two pages, two users' agents at one key."""

import json
import subprocess
import threading

from agent import PLATFORM
from cases import Suite, equal
from processes import wait_until
from refusal import Untouched
from test_renew import Before, check_renewed
from test_seal import SEAL, Sealed

suite = Suite()

REQUEST = ("PUT", "/request")


class Held:
    """The platform's answers to a call, kept back until release()."""

    def __init__(self, platform, count, call=REQUEST):
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        platform.spoil(*call, self._act, times=count)

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


def other_leaves(world, agent, leaves, stays):
    """leaves is pulled out, and nothing has happened to it."""
    untouched = Untouched(leaves)
    leaves.pull()
    world.wait_keys(agent, 1)
    return untouched


def both_keys(world, stays, leaves):
    return [world.card(slot=0, profile=stays, more=LABEL), world.card(slot=1, profile=leaves, more=LABEL)]


def go_on(agent, operation):
    agent.dialogs.replan("person 123456")
    answer = agent.request("POST", f"/v1/operations/{operation['id']}/resume", {})
    equal(answer.status, 202, "the answer to resume")
    return agent.wait_over(operation["id"])


def renewed_while_other_leaves(world, stays, leaves):
    """One is pulled out while the other waits for its certificates."""
    cards = both_keys(world, stays, leaves)
    _, agent, befores, held = held_world(world, cards, 1)
    started = agent.start_operation("renew", world.ticket(cards[0], key="replace"), cards[0].serial)["id"]
    held.wait()
    untouched = other_leaves(world, agent, cards[1], cards[0])
    held.release()
    check_renewed(world, agent, cards[0], befores[0], agent.wait_over(started), "replace")
    untouched.check()
    world.wait_listed(agent, cards[0])


def sealed_while_other_leaves(world, stays, leaves):
    """The same while the platform makes a seal."""
    sealed = Sealed(world, spoiled=True, profile=stays)
    (before,) = sealed.shown()
    other = world.card(slot=1, profile=leaves)
    world.wait_listed(sealed.agent, sealed.card, other)
    held = Held(sealed.platform, 1, SEAL)
    started = sealed.agent.start_operation("extend-seal", sealed.ticket(), sealed.card.serial)["id"]
    held.wait()
    untouched = other_leaves(world, sealed.agent, other, sealed.card)
    held.release()
    sealed.check_extended(before, sealed.agent.wait_over(started))
    untouched.check()


def pin_changed_while_other_leaves(world, stays, leaves):
    """The same while the person thinks about a new PIN."""
    cards = both_keys(world, stays, leaves)
    agent = world.agent(world.dialogs("pin 123456", "held new-pin 528491"))
    started = agent.start_operation("change-pin", token=cards[0].serial)["id"]
    agent.dialogs.wait_open(2)
    untouched = other_leaves(world, agent, cards[1], cards[0])
    agent.dialogs.release()
    equal(agent.wait_over(started)["state"], "done", "the change")
    assert cards[0].holds_pin("528491"), "the new PIN does not hold"
    untouched.check()


def leaves_while_other_is_renewed(world, stays, leaves):
    """The one that is pulled out is at work itself: it is told so, the other one is renewed, and the first, too, when it is
    back."""
    cards = both_keys(world, stays, leaves)
    _, agent, befores, held = held_world(world, cards, 2)
    started = []
    for card in cards:
        started.append(agent.start_operation("renew", world.ticket(card, key="replace"), card.serial)["id"])
        held.wait()
    cards[1].pull()
    world.wait_keys(agent, 1)
    held.release()
    check_renewed(world, agent, cards[0], befores[0], agent.wait_over(started[0]), "replace")
    lost = agent.wait_over(started[1])
    equal((lost["state"], lost["error"]["code"]), ("failed", "key-removed"), "the state of the other, the code")
    cards[1].control("insert")
    world.wait_listed(agent, *cards)
    check_renewed(world, agent, cards[1], befores[1], go_on(agent, lost), "replace")


BOTH_WAYS = {"a PIV token": ("piv-full", "gmt0017-2012"), "a GM/T key": ("gmt0017-2012", "piv-full")}
LEAVING = {
    "is renewed while the other one is pulled out": renewed_while_other_leaves,
    "gets a seal while the other one is pulled out": sealed_while_other_leaves,
    "gets a PIN while the other one is pulled out": pin_changed_while_other_leaves,
    "is renewed while the other one, which is too, is pulled out": leaves_while_other_is_renewed,
}
for which, (stays, leaves) in BOTH_WAYS.items():
    for what, perform in LEAVING.items():
        suite.add(f"{which} {what}", lambda world, f=perform, s=stays, l=leaves: f(world, s, l))


def two_pages(world, profile):
    card = world.card(profile=profile)
    _, agent, (before,), held = held_world(world, [card], 1)
    order = world.portal.order(card)
    first = agent.start_operation("renew", world.portal.ticket(order))["id"]
    held.wait()
    second = agent.perform("renew", world.portal.ticket(order))
    equal((second["state"], second["error"]["code"]), ("failed", "key-busy"), "the second page's")
    held.release()
    check_renewed(world, agent, card, before, agent.wait_over(first), "keep")
    equal(len(world.portal.certificates(card)), 4 if before.dual else 2, "certificates issued in all")


PAGES = "two pages want the same key: the second is told, and gets it when the first is done"
suite.add(PAGES, lambda world: two_pages(world, "gmt0017-2012"))
suite.add(f"{PAGES}, piv-full", lambda world: two_pages(world, "piv-full"))


def second_users_agent(world, *plan):
    other = world.agent(world.dialogs(*plan), start=False)
    other.start(**other.dialogs.env)
    status = lambda: json.loads(other.ctl("--json", "status", ok=(0, 1)).stdout or "{}")
    wait_until(lambda: status().get("keys") == 1, 15, "the other agent sees the key")
    return other


def renew_by_terminal(agent, ticket):
    """A thread that does it, and the list in which the operation will be."""
    words = [agent.programs / "ukeyctl", "--socket", agent.socket, "--json", "renew", "--platform", PLATFORM]
    found = []

    def run():
        done = subprocess.run(words, input=ticket.encode(), env=agent.env, timeout=60, capture_output=True, check=False)
        found.append(json.loads(done.stdout))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def check_issued_once(world, agent, card, before, ends, key):
    """ends: of both agents' operations."""
    done = [operation for operation in ends if operation["state"] == "done"]
    assert done, f"neither agent is done: {[operation['error'] for operation in ends]}"
    each = 2 if before.dual else 1
    states = sorted(c["status"] for c in world.portal.certificates(card))
    equal(states, ["active"] * each + ["revoked"] * each, "certificates issued in all")
    check_renewed(world, agent, card, before, done[0], key)
    equal(len(card.show()["containers"]), 2 if key == "replace" else 1, "containers on the key")


def two_agents(world, profile, key):
    card = world.card(profile=profile)
    _, agent, (before,), held = held_world(world, [card], 2)
    other = second_users_agent(world)
    order = world.portal.order(card, key=key)
    first = agent.start_operation("renew", world.portal.ticket(order))["id"]
    held.wait()
    thread, second = renew_by_terminal(other, world.portal.ticket(order))
    thread.join()
    held.release()
    check_issued_once(world, agent, card, before, [agent.wait_over(first), *second], key)


def crossed_agents(world, profile):
    """The second has read the key, and waits for its PIN, while the first makes a new pair."""
    card = world.card(profile=profile)
    _, agent, (before,), held = held_world(world, [card], 1)
    other = second_users_agent(world, "held pin 123456")
    order = world.portal.order(card, key="replace")
    thread, second = renew_by_terminal(other, world.portal.ticket(order))
    other.dialogs.wait_open()
    first = agent.start_operation("renew", world.portal.ticket(order))["id"]
    held.wait()
    other.dialogs.release()
    thread.join()
    held.release()
    over = agent.wait_over(first)
    if "done" not in (over["state"], second[0]["state"]):  # each saw that the other was there, and gave way
        over = go_on(agent, over)
    check_issued_once(world, agent, card, before, [over, *second], "replace")


AGENTS = "the agents of two users work on one key: certificates are issued once, and the key is whole"
suite.add(AGENTS, lambda world: two_agents(world, "gmt0017-2012", "keep"))
for profile in ("gmt0017-2012", "piv-full", "piv-5.4", "piv-odd"):
    suite.add(f"{AGENTS}, {profile}, with a new key", lambda world, p=profile: two_agents(world, p, "replace"))

for profile in ("gmt0017-2012", "piv-full", "piv-5.4", "piv-odd"):
    suite.add(f"what one agent knows of a key is old when another one has worked on it, {profile}",
              lambda world, p=profile: crossed_agents(world, p))
