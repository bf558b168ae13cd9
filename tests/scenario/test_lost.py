"""The agent dies in the middle and its journal is gone too: another computer, a wiped home. What counts is what key and
platform know."""

import shutil

from cases import Suite, equal
from processes import wait_until
from works import PIV_WORKS, WORKS

suite = Suite()


def lose_journal(work):
    shutil.rmtree(work.agent.state)


def die(work, acted):
    """The agent dies at this call; acted: the platform has heard it."""

    def act(forward):
        if acted:
            forward()
        work.agent.process.kill()
        return None

    return act


def died_at(world, name, path_end, acted):
    """A work whose agent died, with its journal, and was started anew."""
    work = {**WORKS, **PIV_WORKS}[name](world, faulty=True)
    work.platform.spoil(*METHODS[path_end], die(work, acted), times=1)
    work.start()
    wait_until(lambda: not work.agent.process.running(), 30, "the agent dies")
    lose_journal(work)
    work.agent.start(**work.agent.dialogs.env)
    world.wait_keys(work.agent, 1)
    equal(work.agent.get("/v1/operations")["operations"], [], "what the new agent knows of")
    return work


METHODS = {
    "/request": ("PUT", "/request"),
    "/seal": ("PUT", "/seal"),
    "/unblock": ("POST", "/unblock"),
    "/confirmation": ("PUT", "/confirmation"),
}
# Where the agent died, and whether the platform had heard the call.
DEATHS = (
    ("renew, key kept", "/request", True),
    ("renew, key kept", "/confirmation", False),
    ("renew, key replaced", "/request", True),
    ("renew, key replaced", "/confirmation", False),
    ("extend-seal", "/seal", True),
    ("extend-seal", "/confirmation", False),
    ("extend-seal", "/confirmation", True),
    ("reset-pin", "/unblock", True),
    ("reset-pin", "/confirmation", False),
    ("renew, key replaced, piv-full", "/request", True),
    ("renew, key replaced, piv-full", "/unblock", True),
    ("renew, key kept, piv-full", "/confirmation", False),
    ("extend-seal, piv-full", "/seal", True),
    ("reset-pin, piv-full", "/unblock", True),
    ("reset-pin, piv-full", "/confirmation", False),
)


def lost(name, path_end, acted):
    def perform(world):
        work = died_at(world, name, path_end, acted)
        work.check(work.go_on(work.over(work.start())))

    return perform


for name, path_end, acted in DEATHS:
    when = "after" if acted else "before"
    suite.add(f"{name}: died {when} the platform heard {path_end}", lost(name, path_end, acted))


def containers(card):
    return {c["name"]: c for c in card.show()["containers"]}


@suite.case("half-made containers of another order and of another platform stay as they are")
def foreign(world):
    names = ("renew-0123456789ABCDEF", "tender-2026")
    work = WORKS["renew, key replaced"](world, faulty=True)

    def prepare():
        for name in names:
            work.card.add_half_made(name)

    world.replug(work.agent, work.card, prepare)
    before = {name: c for name, c in containers(work.card).items() if name in names}
    equal(len(before), len(names), "half-made containers")
    work.platform.spoil(*METHODS["/request"], die(work, True), times=1)
    work.start()
    wait_until(lambda: not work.agent.process.running(), 30, "the agent dies")
    equal(len(containers(work.card)), len(names) + 2, "containers, with ours half-made")
    lose_journal(work)
    work.agent.start(**work.agent.dialogs.env)
    world.wait_keys(work.agent, 1)
    operation = work.go_on(work.over(work.start()))
    equal(operation["state"], "done", f"the renewal ({operation['error']})")
    after = containers(work.card)
    equal({name: after.get(name) for name in names}, before, "the containers of others")
    equal(len(after), len(names) + 2, "containers: the old one, the new one, those of others")
