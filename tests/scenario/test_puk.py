"""A PIV token's PUK: what is lost on the way costs little, and the platform knows which one the token has."""

import shutil

import faulty_portal as faulty
from cases import Suite, equal
from processes import wait_until
from test_pin import UNBLOCK, Locked

suite = Suite()

CHANGE = "CHANGE REFERENCE DATA"


def versions(locked):
    found = locked.world.portal.admin("key", "piv-versions", "--serial", locked.card.serial)
    return found["puk"], found["puk_given"], found["puk_highest"]


def changes(locked):
    """How often the token was told a PUK since it was asked last."""
    sent = [entry for entry in locked.card.control("stats", "clear")["instructions"] if entry["name"] == CHANGE]
    return sum(entry["count"] for entry in sent)


def lose_agent(locked, path_end, acted):
    """Everything that the agent knew is gone at this call."""

    def act(forward):
        if acted:
            forward()
        locked.agent.process.kill()
        return None

    method = "PUT" if path_end == "/confirmation" else "POST"
    locked.platform.spoil(method, path_end, act, times=1)
    locked.agent.dialogs.replan("ok", "cancel")
    locked.agent.start_operation("reset-pin", locked.ticket())
    wait_until(lambda: not locked.agent.process.running(), 60, "the agent dies")
    shutil.rmtree(locked.agent.state)
    locked.agent.start(**locked.agent.dialogs.env)
    locked.world.wait_keys(locked.agent, 1)


def losses(world, profile):
    """An answer, then a confirmation; the next reset finds out which of two PUKs the token has."""
    locked = Locked(world, profile, spoiled=True)
    lose_agent(locked, "/unblock", True)
    equal(versions(locked), (1, 2, 2), "present, given, highest PUK after a lost answer")
    changes(locked)
    lose_agent(locked, "/confirmation", False)
    equal(changes(locked), 1, "PUKs that the token was told")
    equal(versions(locked), (1, 2, 2), "present, given, highest PUK after a lost confirmation")
    locked.agent.dialogs.replan("ok", "cancel")
    locked.check_reset(locked.reset())
    equal(changes(locked), 2, "PUKs that the token was told: a wrong one and the right one")
    equal(versions(locked), (3, None, 3), "present, given, highest PUK")


for name in ("piv-full", "piv-plain"):
    suite.add(f"a lost answer and a lost confirmation cost one try, {name}", lambda w, p=name: losses(w, p))


@suite.case("two lost answers cost nothing")
def answers(world):
    locked = Locked(world, "piv-full", spoiled=True)
    for _ in range(2):
        locked.platform.spoil(*UNBLOCK, faulty.act_then_hang_up, times=1)
        locked.agent.dialogs.replan("ok", "cancel")
        equal(locked.reset()["state"], "failed", "the state")
    changes(locked)
    locked.agent.dialogs.replan("ok", "cancel")
    locked.check_reset(locked.reset())
    equal((changes(locked), versions(locked)), (1, (2, None, 2)), "PUKs told; present, given, highest")


@suite.case("an operator sets back what an agent's lie has moved")
def operator(world):
    locked = Locked(world, "piv-full", spoiled=True)
    world.portal.admin("key", "piv-versions", "--serial", locked.card.serial, "--puk", "2")
    operation = locked.reset()
    equal(operation["error"]["code"], "administrator-tries-low", "the code with another PUK")
    equal(locked.card.tries_left("admin"), 2, "tries of the PUK")
    world.portal.admin("key", "piv-versions", "--serial", locked.card.serial, "--puk", "1")
    locked.agent.dialogs.replan("ok", "cancel")
    locked.check_reset(locked.reset())
    equal(versions(locked), (4, None, 4), "present, given, highest PUK: no number comes twice")
