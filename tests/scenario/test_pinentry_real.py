"""The PIN typed into the real pinentry-gtk-2, as a user does."""

from card import PIN
from cases import Suite, equal
from real_dialogs import RealDialogs
from refusal import Untouched, check_refused

suite = Suite()


def at_dialog(world, key="keep"):
    card = world.card()
    dialogs = world.keep(RealDialogs())
    agent = world.agent(dialogs)
    untouched = Untouched(card)
    operation = agent.start_operation("renew", world.ticket(card, key=key))
    agent.wait_for(operation["id"], lambda o: o["state"] == "waiting-user")
    return card, dialogs, agent, operation, untouched


@suite.case("a renewal")
def renewal(world):
    card, dialogs, agent, operation, _ = at_dialog(world, "replace")
    dialogs.answer_pin(PIN)
    over = agent.wait_over(operation["id"])
    equal(over["state"], "done", f"the state ({over['error']})")
    equal(card.tries_left(), card.tries()["max"], "PIN tries left")


@suite.case("a wrong PIN, then the right one")
def wrong_then_right(world):
    card, dialogs, agent, operation, _ = at_dialog(world)
    dialogs.answer_pin("654321")
    dialogs.answer_pin(PIN)
    over = agent.wait_over(operation["id"])
    equal(over["state"], "done", f"the state ({over['error']})")
    equal(card.tries_left(), card.tries()["max"], "PIN tries left")


@suite.case("Escape cancels")
def escape(world):
    _, dialogs, agent, operation, untouched = at_dialog(world)
    dialogs.cancel()
    over = agent.wait_over(operation["id"])
    check_refused(agent, over, "prompt-cancelled", untouched, "cancelled")


@suite.case("the dialog goes when the page cancels")
def withdrawn(world):
    _, dialogs, agent, operation, untouched = at_dialog(world)
    dialogs.display.wait_for_window()
    agent.request("POST", f"/v1/operations/{operation['id']}/cancel", {})
    over = agent.wait_over(operation["id"])
    dialogs.display.wait_until_closed()
    check_refused(agent, over, "cancelled", untouched, "cancelled")


@suite.case("without a display it says so")
def no_display(world):
    card = world.card()
    dialogs = world.keep(RealDialogs())
    dialogs.env = {}
    agent = world.agent(dialogs)
    over = agent.perform("renew", world.ticket(card))
    check_refused(agent, over, "prompt-unavailable", Untouched(card))
