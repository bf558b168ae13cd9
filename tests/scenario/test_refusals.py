"""Renewals that must be refused before anything on the key changes: key, person, order, ticket."""

import time

from cases import Suite, equal
from refusal import Untouched, check_refused, refused
from unknown_card import UnknownCard

suite = Suite()


def no_pcscd(world):
    card = world.card(plugged=False)
    world.pcscd.stop()
    agent = world.agent()
    equal(agent.get("/v1/status")["pcsc"], "no-service", "pcsc")
    refused(agent, "pcsc-no-service", Untouched(card), world.ticket(card))


def no_reader(world):
    card = world.card(plugged=False)
    world.pcscd.start(readers=False)
    agent = world.agent()
    equal(agent.get("/v1/status")["pcsc"], "no-reader", "pcsc")
    refused(agent, "no-reader", Untouched(card), world.ticket(card))


def no_key(world):
    card = world.card(plugged=False)
    refused(world.agent(), "no-key", Untouched(card), world.ticket(card))


def wrong_key(world, **person):
    plugged = world.card(**person)
    ordered = world.card(plugged=False)
    refused(world.agent(), "wrong-key", Untouched(plugged, ordered), world.ticket(ordered))


def wrong_key_named(world):
    card = world.card()
    refused(world.agent(), "wrong-key", Untouched(card), world.ticket(card), token="NOSUCHKEY")


def two_keys(world):
    first, second = world.card(slot=0), world.card(slot=1)
    refused(world.agent(), "several-keys", Untouched(first, second), world.ticket(first))


def unsupported(world):
    """It is looked at by harmless commands only, and never gets one with a PIN."""
    card = world.card(plugged=False)
    unknown = world.keep(UnknownCard())
    agent = world.agent(wait_keys=1)
    check_unsupported(world, agent, card)
    verify, unblock = 0x18, 0x1A
    assert unknown.commands, "the card was not even asked"
    sent = {command[1] for command in unknown.commands}
    assert not sent & {verify, unblock}, f"instructions sent: {sent}"


def unknown_profile(world):
    """A GM/T 0017 key whose maker and model no profile knows."""
    card = world.card(profile="unknown", registered=False)
    world.portal.register(card, profile="gmt0017-2012")
    check_unsupported(world, world.agent(), card)


def check_unsupported(world, agent, card):
    token = agent.token(told="error")
    equal(token["supported"], False, "supported")
    equal(token["error"]["code"], "key-unsupported", "the code in the list of keys")
    refused(agent, "key-unsupported", Untouched(card), world.ticket(card))


def wrong_pin_then_cancel(world, **person):
    card = world.card(**person)
    agent = world.agent(world.dialogs("pin 654321", "cancel"))
    refused(
        agent, "prompt-cancelled", Untouched(card), world.ticket(card), "cancelled", wrong_pins=1
    )
    equal(len(agent.dialogs.shown()), 2, "dialogs")


def cancel_at_once(world, **person):
    card = world.card(**person)
    agent = world.agent(world.dialogs("cancel"))
    refused(agent, "prompt-cancelled", Untouched(card), world.ticket(card), "cancelled")


def short_pin(world, **person):
    """A PIN that no key takes is not sent to it."""
    card = world.card(**person)
    agent = world.agent(world.dialogs("pin 1", "pin", "pin " + "1" * 40, "cancel"))
    refused(agent, "prompt-cancelled", Untouched(card), world.ticket(card), "cancelled")


def last_try_declined(world, **person):
    """Before the last try there is a question of its own."""
    card = world.card(**person)
    tries = card.tries_left()
    agent = world.agent(world.dialogs(*["pin 654321"] * (tries - 1), "not-ok"))
    untouched, ticket = Untouched(card), world.ticket(card)
    refused(agent, "prompt-cancelled", untouched, ticket, "cancelled", wrong_pins=tries - 1)
    shown = agent.dialogs.shown()
    equal(shown[-1]["kind"], "CONFIRM", "the last dialog")
    assert card.serial in shown[-1]["SETDESC"], shown[-1]


def locked_by_typing(world, **person):
    card = world.card(**person)
    tries = card.tries_left()
    agent = world.agent(world.dialogs(*["pin 654321"] * (tries - 1), "ok", "pin 654321"))
    refused(agent, "pin-locked", Untouched(card), world.ticket(card), wrong_pins=tries)
    return card, agent


def locked(world, **person):
    """A key that is locked already gets no dialog."""
    card, agent = locked_by_typing(world, **person)
    dialogs = len(agent.dialogs.shown())
    refused(agent, "pin-locked", Untouched(card), world.ticket(card))
    equal(len(agent.dialogs.shown()), dialogs, "dialogs")


def dialog_times_out(world):
    card = world.card()
    agent = world.agent(world.dialogs("hang"), prompt_seconds=10)
    refused(agent, "prompt-timeout", Untouched(card), world.ticket(card))


def dialog_dies(world):
    card = world.card()
    refused(world.agent(world.dialogs("die")), "prompt-unavailable", Untouched(card), world.ticket(card))


def no_pinentry(world):
    card = world.card()
    dialogs = world.dialogs()
    dialogs.program = dialogs.folder / "missing"
    refused(world.agent(dialogs), "prompt-unavailable", Untouched(card), world.ticket(card))


def at_dialog(world, **person):
    """(card, agent, operation) with the dialog open."""
    card = world.card(**person)
    agent = world.agent(world.dialogs("hang"))
    untouched = Untouched(card)
    started = agent.start_operation("renew", world.ticket(card))
    operation = agent.wait_for(started["id"], lambda o: o["state"] == "waiting-user")
    agent.dialogs.wait_open()
    return card, agent, operation, untouched


def pulled_at_dialog(world, **person):
    card, agent, operation, untouched = at_dialog(world, **person)
    card.pull()
    check_refused(agent, agent.wait_over(operation["id"]), "key-removed", untouched)


def cancelled_by_page(world, **person):
    _, agent, operation, untouched = at_dialog(world, **person)
    answer = agent.request("POST", f"/v1/operations/{operation['id']}/cancel", {})
    equal(answer.status, 202, "the answer to cancel")
    over = agent.wait_over(operation["id"])
    check_refused(agent, over, "cancelled", untouched, "cancelled")


def second_operation(world, **person):
    """While one operation has the key, another one is refused and the first goes on."""
    card, agent, operation, untouched = at_dialog(world, **person)
    refused(agent, "key-busy", untouched, world.ticket(card))
    equal(agent.operation(operation["id"])["state"], "waiting-user", "the first operation")


def agent_killed_at_dialog(world, **person):
    """After kill -9 the next start says that it was interrupted, and the key works."""
    card, agent, operation, untouched = at_dialog(world, **person)
    agent.kill()
    agent.start()
    world.wait_keys(agent, 1)
    check_refused(agent, agent.operation(operation["id"]), "interrupted", untouched)
    agent.dialogs.replan("pin 123456")
    done = agent.perform("renew", world.ticket(card))
    equal(done["state"], "done", f"the renewal afterwards ({done['error']})")


def not_approved(world, **person):
    card = world.card(**person)
    ticket = world.ticket(card, approved=False)
    refused(world.agent(), "order-not-approved", Untouched(card), ticket)


def rejected(world):
    card = world.card()
    order = world.portal.order(card, approved=False)
    world.portal.admin("order", "reject", "--order", order, "--reason", "资料不全")
    refused(world.agent(), "order-not-approved", Untouched(card), world.portal.ticket(order))


def ticket_used(world, **person):
    card = world.card(**person)
    agent = world.agent()
    ticket = world.ticket(card)
    equal(agent.perform("renew", ticket)["state"], "done", "the first use")
    refused(agent, "ticket-used", Untouched(card), ticket)


def ticket_used_by_other_key(world, **person):
    """A redeemed ticket is no use to a second key."""
    card = world.card(**person)
    agent = world.agent(world.dialogs("cancel", "cancel"))
    ticket = world.ticket(card)
    untouched = Untouched(card)
    refused(agent, "prompt-cancelled", untouched, ticket, "cancelled")
    card.pull()
    world.wait_keys(agent, 0)
    world.card(slot=1, **person)
    world.wait_keys(agent, 1)
    operation = agent.perform("renew", ticket)
    assert operation["error"]["code"] in ("ticket-used", "wrong-key"), operation["error"]
    untouched.check()


def ticket_expired(world):
    card = world.card()
    agent = world.agent()
    ticket = world.ticket(card, seconds=1)
    time.sleep(2.1)
    refused(agent, "ticket-expired", Untouched(card), ticket)


def ticket_forged(world):
    card = world.card()
    ticket = world.ticket(card)
    forged = ticket[:-4] + ("AAAA" if not ticket.endswith("AAAA") else "BBBB")
    refused(world.agent(), "ticket-unknown", Untouched(card), forged)


def ticket_of_other_kind(world):
    card = world.card()
    refused(world.agent(), "ticket-kind", Untouched(card), world.ticket(card, kind="check"))


TABLE = {
    "pcscd does not run": no_pcscd,
    "no reader": no_reader,
    "no key": no_key,
    "the order is for another key": wrong_key,
    "the page names a key that is not there": wrong_key_named,
    "two keys": two_keys,
    "an unsupported card": unsupported,
    "a key of an unknown make": unknown_profile,
    "a wrong PIN, then cancel": wrong_pin_then_cancel,
    "cancel at once": cancel_at_once,
    "a PIN of impossible length costs no try": short_pin,
    "the last try is declined": last_try_declined,
    "the PIN gets locked by typing": locked_by_typing,
    "the PIN is locked already": locked,
    "the dialog times out": dialog_times_out,
    "the dialog's program dies": dialog_dies,
    "the dialog's program is missing": no_pinentry,
    "the key is pulled at the dialog": pulled_at_dialog,
    "the page cancels at the dialog": cancelled_by_page,
    "a second operation for the same key": second_operation,
    "the agent is killed at the dialog": agent_killed_at_dialog,
    "the order is not approved": not_approved,
    "the order is rejected": rejected,
    "the ticket was used": ticket_used,
    "the ticket was used for another key": ticket_used_by_other_key,
    "the ticket has expired": ticket_expired,
    "the ticket is forged": ticket_forged,
    "the ticket is for another kind": ticket_of_other_kind,
}
# With a PIV token in the reader: one that has all extensions, or the standard alone.
TABLE_PIV = {
    "a wrong PIN, then cancel": "piv-plain",
    "cancel at once": "piv-full",
    "a PIN of impossible length costs no try": "piv-odd",
    "the last try is declined": "piv-full",
    "the PIN is locked already": "piv-plain",
    "the key is pulled at the dialog": "piv-full",
    "the page cancels at the dialog": "piv-5.4",
    "a second operation for the same key": "piv-full",
    "the agent is killed at the dialog": "piv-odd",
    "the order is for another key": "piv-full",
    "the order is not approved": "piv-full",
    "the ticket was used": "piv-full",
    "the ticket was used for another key": "piv-full",
}
for name, perform in TABLE.items():
    suite.add(name, perform)
for name, profile in TABLE_PIV.items():
    suite.add(f"{name}, {profile}", lambda world, f=TABLE[name], p=profile: f(world, profile=p))
