"""What breaks between agent and key, with a real pcscd: it is killed and started again, the key goes, another one
comes into its reader, at the n-th command of each operation. A sample; with --faults full at every command."""

import os

from cases import Suite, equal
from processes import wait_until
from refusal import Untouched
from works import PIV_WORKS, WORKS

suite = Suite()

FULL = os.environ.get("UKEYD_FAULTS") == "full"
HELD_MS = 60000  # how long the answer to the n-th command is kept back: whatever breaks is quicker
STRUCK_SECONDS = 60


class PcscdKilled:
    """Its socket and process id stay behind, as after a crash."""

    name = "pcscd killed and started again"

    def __init__(self, world, card):
        self.world = world

    def strike(self):
        self.world.pcscd.kill()

    def repair(self, agent):
        self.world.pcscd.start()


class ReaderGone:
    name = "the key is gone and comes back"

    def __init__(self, world, card):
        self.world = world
        self.card = card

    def strike(self):
        self.card.process.kill()

    def repair(self, agent):
        self.world.wait_keys(agent, 0)
        self.card.stop()
        self.card.plug_in()


class OtherKey:
    name = "another key comes into its reader"

    def __init__(self, world, card):
        self.world = world
        self.card = card
        self.other = world.card(plugged=False)
        self.untouched = Untouched(self.other)

    def strike(self):
        self.card.process.kill()
        self.other.plug_in()

    def repair(self, agent):
        self.other.stop()
        self.untouched.check()
        self.world.wait_keys(agent, 0)
        self.card.stop()
        self.card.plug_in()


def gave_up(operation):
    """Whether it waits for nobody but the person: it is over, or the key is to be put back."""
    if operation["step"]["name"] == "verify":
        return operation["state"] in ("waiting-user", "failed", "done")
    return operation["state"] in ("failed", "done", "cancelled", "unconfirmed")


def commands(card):
    return card.control("stats")["commands"]


def struck(work, operation, nth):
    """Waits for the n-th command; False when the operation was over before."""

    def seen():
        if commands(work.card) >= nth:
            return "struck"
        return "over" if gave_up(work.agent.operation(operation)) else None

    return wait_until(seen, STRUCK_SECONDS, f"command {nth}") == "struck"


def broken_at(world, work_class, blow_class, nth):
    """One case; False when the operation has no n-th command."""
    work = work_class(world)
    blow = blow_class(world, work.card)
    work.card.control("stats", "clear")
    work.card.control("fault", "delay", str(nth), str(HELD_MS))
    operation = work.start()
    if not struck(work, operation, nth):
        work.card.control("fault", "clear")
        work.check(work.over(operation))
        return False
    blow.strike()
    seen = work.agent.wait_for(operation, gave_up)
    blow.repair(work.agent)
    work.wait_seen()
    seen = work.agent.operation(operation)
    if seen["state"] not in ("done", "failed", "cancelled"):
        seen = work.over(operation)
    done = work.go_on(seen)
    work.wait_seen()
    work.check(done)
    return True


def count_commands(world, work_class):
    work = work_class(world)
    work.card.control("stats", "clear")
    operation = work.over(work.start())
    count = commands(work.card)
    work.check(operation)
    return count


def all_of(work_class, blow_class):
    """At every command, one after the other; says how many that were."""

    def perform(world):
        lost = []
        nth = 1
        while True:
            try:
                if not broken_at(world, work_class, blow_class, nth):
                    break
            except Exception as error:  # the next one is tried all the same
                lost.append(f"at command {nth}: {error}")
            world.close_case()
            world.open_case()
            nth += 1
        assert nth > 1, "the operation sends no command"
        assert not lost, f"{len(lost)} of {nth - 1} lost:\n" + "\n".join(lost)

    return perform


# How far the operation is, in hundredths of its commands: before the PIN, while it writes, right before its end.
INSTANTS = {"before the PIN": 15, "while it works": 65, "right before its end": 100}
# Which instants are sampled.
SAMPLE = {PcscdKilled: INSTANTS, ReaderGone: ("while it works",), OtherKey: ("while it works",)}
COUNTED = {}  # commands of each operation, once it is known


def sampled(name, work_class, blow_class, instant):
    def perform(world):
        if name not in COUNTED:
            COUNTED[name] = count_commands(world, work_class)
            world.close_case()
            world.open_case()
        nth = max(1, COUNTED[name] * INSTANTS[instant] // 100)
        equal(broken_at(world, work_class, blow_class, nth), True, f"whether there is a command {nth}")

    return perform


# Of a PIV token: its operations are the same code, so that in a sample the telling instant is enough.
SAMPLE_PIV = {PcscdKilled: ("while it works",), ReaderGone: ("while it works",)}


def add_all(works, sample):
    for name, work in works.items():
        for blow in (PcscdKilled, ReaderGone, OtherKey):
            if FULL:
                suite.add(f"{name}: {blow.name}, at every command", all_of(work, blow))
                continue
            for instant in sample.get(blow, ()):
                suite.add(f"{name}: {blow.name}, {instant}", sampled(name, work, blow, instant))


add_all(WORKS, SAMPLE)
add_all(PIV_WORKS, SAMPLE_PIV)
