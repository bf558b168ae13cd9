"""The PIN typed into the real pinentry-gtk-2, as a user does."""

import sys

from card import PIN
from cases import Suite, equal
from real_dialogs import RealDialogs
from refusal import Untouched, check_refused

suite = Suite()

ATTEMPTS = 2  # to be fast; then the person has said no twice, and there is a pause
FAST_SECONDS = 0.4  # less than PROMPT_READ_MS


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


@suite.case("a yes that was typed for another window does not count: the window opens again")
def typed_for_another_window(world):
    card = world.card(managed=True)
    dialogs = world.keep(RealDialogs())
    agent = world.agent(dialogs)
    untouched = Untouched(card)
    for _ in range(ATTEMPTS):
        operation = agent.start_operation("reset-pin", world.portal.reset_ticket(card))
        if not dialogs.display.accept_at_once(FAST_SECONDS):
            agent.request("POST", f"/v1/operations/{operation['id']}/cancel", {})
            agent.wait_over(operation["id"])
            continue  # so slow a moment shows nothing
        dialogs.display.wait_until_closed()
        dialogs.display.wait_for_window()
        equal(agent.operation(operation["id"])["state"], "waiting-user", "the state, with the window open again")
        dialogs.cancel()
        check_refused(agent, agent.wait_over(operation["id"]), "prompt-cancelled", untouched, "cancelled")
        return
    print("every attempt was too slow", file=sys.stderr)


@suite.case("without a display it says so")
def no_display(world):
    card = world.card()
    dialogs = world.keep(RealDialogs())
    dialogs.env = {}
    agent = world.agent(dialogs)
    over = agent.perform("renew", world.ticket(card))
    check_refused(agent, over, "prompt-unavailable", Untouched(card))
