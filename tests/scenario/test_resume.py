"""Operations that failed on the way are gone on with, or given up: with their job, without a new ticket."""

from cases import Suite, equal
from processes import wait_until
from refusal import Untouched, check_refused
from test_refusals import at_dialog

suite = Suite()


def check_resumed(world, agent, card, operation, over):
    equal((over["id"], over["state"]), (operation, "done"), f"the operation, its state ({over['error']})")
    equal(over["resumable"], False, "resumable")
    active = [c for c in world.portal.certificates(card) if c["status"] == "active"]
    equal(len(active), 1 if card.person.single else 2, "certificates in force")
    answer = agent.request("POST", f"/v1/operations/{operation}/resume", {})
    equal((answer.status, answer.json["code"]), (409, "operation-not-resumable"), "once more")


def killed(world, profile):
    card, agent, operation, untouched = at_dialog(world, profile=profile)
    agent.kill()
    agent.start()
    world.wait_keys(agent, 1)
    found = agent.operation(operation["id"])
    check_refused(agent, found, "interrupted", untouched)
    equal(found["resumable"], True, "resumable")
    agent.dialogs.replan("pin 123456")
    answer = agent.request("POST", f"/v1/operations/{operation['id']}/resume", {})
    equal(answer.status, 202, "the answer to resume")
    check_resumed(world, agent, card, operation["id"], agent.wait_over(operation["id"]))


def pulled(world, profile, key):
    card = world.card(profile=profile)
    agent = world.agent(world.dialogs("pin 123456"))
    card.control("fault", "remove-at", "17")
    over = agent.perform("renew", world.ticket(card, key=key))
    equal((over["state"], over["error"]["code"]), ("failed", "key-removed"), "the state, the code")
    equal(over["resumable"], True, "resumable")
    world.put_back(agent, card)
    agent.dialogs.replan("pin 123456")
    assert over["id"].encode() in agent.ctl("operations").stdout
    agent.ctl("resume", over["id"])
    check_resumed(world, agent, card, over["id"], agent.operation(over["id"]))


KILLED = "the agent is killed at the dialog: the page goes on with it by its id"
suite.add(KILLED, lambda world: killed(world, "gmt0017-2012"))
suite.add(f"{KILLED}, piv-plain", lambda world: killed(world, "piv-plain"))

PULLED = "the key is pulled out on the way and comes back: the terminal goes on"
suite.add(PULLED, lambda world: pulled(world, "gmt0017-2012", "keep"))
suite.add(f"{PULLED}, piv-5.4", lambda world: pulled(world, "piv-5.4", "replace"))


def another_key(world, profile, other):
    """Going on with another key in the reader changes neither; with the right one the order is done."""
    card, agent, operation, untouched = at_dialog(world, profile=profile)
    agent.kill()
    agent.start()
    card.pull()
    world.wait_keys(agent, 0)
    stranger = world.card(slot=1, profile=other)
    world.wait_listed(agent, stranger)
    both = Untouched(card, stranger)
    agent.dialogs.replan("pin 123456")
    agent.ctl("resume", operation["id"], ok=(1,))
    found = agent.operation(operation["id"])
    check_refused(agent, found, "wrong-key", both)
    stranger.stop()
    world.put_back(agent, card)
    over = agent.perform("renew", world.portal.ticket(found["order"]))
    check_resumed(world, agent, card, over["id"], over)


ANOTHER = "it is gone on with while another key is in the reader"
suite.add(f"{ANOTHER}: a GM/T key's, a PIV token", lambda world: another_key(world, "gmt0017-2012", "piv-full"))
suite.add(f"{ANOTHER}: a PIV token's, a GM/T key", lambda world: another_key(world, "piv-full", "gmt0017-2012"))
suite.add(f"{ANOTHER}: a PIV token's, another one", lambda world: another_key(world, "piv-plain", "piv-plain"))


@suite.case("an operation that is given up can't be gone on with, and a new one does it")
def abandoned(world):
    card, agent, operation, untouched = at_dialog(world)
    agent.kill()
    agent.start()
    world.wait_keys(agent, 1)
    agent.ctl("abandon", operation["id"])
    found = agent.operation(operation["id"])
    equal((found["state"], found["resumable"]), ("cancelled", False), "the state, resumable")
    check_refused(agent, found, "interrupted", untouched, "cancelled")
    agent.ctl("resume", operation["id"], ok=(1,))
    agent.dialogs.replan("pin 123456")
    done = agent.perform("renew", world.ticket(card))
    equal(done["state"], "done", f"the renewal afterwards ({done['error']})")


@suite.case("the agent is killed while the key changes its PIN: nobody claims to know which one holds")
def killed_at_change(world):
    card = world.card(pin="528491")
    agent = world.agent(world.dialogs("pin 528491", "held new-pin 737465"))
    operation = agent.start_operation("change-pin")
    agent.dialogs.wait_open(2)
    card.control("stats", "clear")
    card.control("fault", "delay", "1", "3000")
    agent.dialogs.release()
    wait_until(lambda: card.control("stats")["commands"] > 0, 20, "the key gets the first command afterwards")
    agent.kill()
    agent.start()
    world.wait_keys(agent, 1)
    found = agent.operation(operation["id"])
    equal((found["state"], found["error"]["code"]), ("failed", "pin-change-unclear"), "the state, the code")
    equal((found["key_changed"], found["resumable"]), (True, False), "whether the key changed, resumable")
    for part in ("新密码", "原密码"):
        assert part in found["error"]["remedy"], found["error"]
    equal(card.tries_left(), card.tries()["max"], "PIN tries left")
