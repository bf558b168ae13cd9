"""Keys come and go, and so does pcscd."""

from cases import Suite, equal
from processes import wait_until

suite = Suite()

SEEN_SECONDS = 20  # pcscd starts a key when it likes


def inserted(event):
    return event["event"] == "token.inserted"


def removed(event):
    return event["event"] == "token.removed"


def keys(agent):
    return agent.get("/v1/status")["keys"]


def serials(agent):
    return sorted(token.get("serial", "") for token in agent.get("/v1/tokens")["tokens"])


@suite.case("inserting and removing a key")
def insert_and_remove(world):
    card = world.card(plugged=False)
    agent = world.agent()
    events = agent.events()
    equal(keys(agent), 0, "keys")
    card.plug_in()
    assert "Virtual PCD" in events.wait_for(inserted, SEEN_SECONDS)["reader"]
    wait_until(lambda: serials(agent) == [card.serial], SEEN_SECONDS, "the key is listed")
    card.pull()
    events.wait_for(removed, SEEN_SECONDS)
    equal((keys(agent), serials(agent)), (0, []), "after it was pulled")
    card.control("insert")
    wait_until(lambda: keys(agent) == 1, SEEN_SECONDS, "the key is back")


@suite.case("one key swapped for another")
def swap(world):
    first = world.card()
    second = world.card(plugged=False)
    agent = world.agent()
    events = agent.events()
    wait_until(lambda: serials(agent) == [first.serial], SEEN_SECONDS, "the key is listed")
    first.control("swap", second.state)
    events.wait_for(inserted, SEEN_SECONDS)
    wait_until(lambda: serials(agent) == [second.serial], SEEN_SECONDS, "the other key is listed")


def two_keys(world, one, other):
    first, second = world.card(slot=0, profile=one), world.card(slot=1, profile=other)
    agent = world.agent()
    both = sorted([first.serial, second.serial])
    wait_until(lambda: serials(agent) == both, SEEN_SECONDS, "both keys are listed")
    operation = agent.perform("renew", world.ticket(second), token=second.serial)
    equal(operation["state"], "done", f"a renewal of the one that is named ({operation['error']})")
    equal(operation["token"]["serial"], second.serial, "the key")
    first.pull()
    wait_until(lambda: serials(agent) == [second.serial], SEEN_SECONDS, "one is left")


suite.add("two keys", lambda world: two_keys(world, "gmt0017-2012", "gmt0017-2012"))
suite.add("a GM/T key and a PIV token", lambda world: two_keys(world, "gmt0017-2012", "piv-plain"))
suite.add("a PIV token and a GM/T key", lambda world: two_keys(world, "piv-full", "longmai"))


def check_recovers(world, stop):
    card = world.card()
    agent = world.agent()
    events = agent.events()
    stop()
    events.wait_for(lambda e: e["event"] == "status.changed" and e["status"]["pcsc"] == "no-service")
    equal(agent.get("/v1/status")["pcsc"], "no-service", "pcsc")
    card.stop()
    world.pcscd.start()
    card.plug_in()
    wait_until(lambda: keys(agent) == 1, SEEN_SECONDS, "the key is seen again")
    operation = agent.perform("renew", world.ticket(card))
    equal(operation["state"], "done", f"a renewal afterwards ({operation['error']})")


@suite.case("pcscd killed and started again")
def killed(world):
    check_recovers(world, lambda: world.pcscd.kill())


@suite.case("pcscd stopped and started again")
def stopped(world):
    check_recovers(world, lambda: world.pcscd.stop())


@suite.case("pcscd started after the agent")
def started_late(world):
    world.pcscd.stop()
    agent = world.agent()
    equal(agent.get("/v1/status")["pcsc"], "no-service", "pcsc")
    world.pcscd.start()
    wait_until(lambda: agent.get("/v1/status")["pcsc"] == "ok", 15, "pcscd is seen")


@suite.case("a key without an answer does not stop the others")
def hung_key(world):
    hung, good = world.card(slot=0), world.card(slot=1)
    agent = world.agent()
    hung.control("fault", "hang", "1")
    operation = agent.perform("renew", world.ticket(good), token=good.serial, seconds=60)
    equal(operation["state"], "done", f"the other key ({operation['error']})")
