"""The operations as rows of a table, for whatever breaks them off: how each begins, how a person goes on with it
until it is done, and what must be true at its end."""

from card import PIN
from cases import equal
from processes import ScenarioError
from test_renew import Before, check_renewed
from test_seal import Sealed

SECONDS = 120  # for an operation with whatever waits for
ATTEMPTS_MAX = 4  # of a person who goes on, or begins again
OWN_PIN = "528491"
NEW_PIN = "737465"
ALWAYS = f"person {PIN}"


class Work:
    """One operation on a key of its own. faulty: what the platform answers can be spoiled, at platform."""

    kind = None
    person = {}
    plan = (ALWAYS,)

    def __init__(self, world, faulty=False, **person):
        """person: fields of card.Person besides those of the operation."""
        self.world = world
        self.person = {**self.person, **person}
        self.prepare(faulty)

    def prepare(self, faulty):
        self.platform = self.world.faulty_portal() if faulty else self.world.portal
        self.card = self.world.card(**self.person)
        self.agent = self.world.agent(
            self.world.dialogs(*self.plan), api=self.platform.api, tls_ca=self.platform.tls_ca
        )

    def ticket(self):
        raise NotImplementedError

    def start(self):
        """Its id."""
        self.agent.dialogs.replan(*self.plan)
        return self.agent.start_operation(self.kind, self.ticket())["id"]

    def over(self, operation):
        return self.agent.wait_over(operation, SECONDS)

    def go_on(self, operation):
        """As a person would: with what broke off where that is possible, else from the start, until it is done.
        operation: as it was seen last; gives the one that was done."""
        for _ in range(ATTEMPTS_MAX):
            if operation["state"] == "unconfirmed":
                operation = self.agent.wait_for(operation["id"], lambda o: o["state"] != "unconfirmed", SECONDS)
            if operation["state"] == "done" or self.settled(operation):
                return operation
            operation = self.over(self.again(operation))
        raise ScenarioError(f"not done after {ATTEMPTS_MAX} attempts: {operation['error']}")

    def wait_seen(self):
        self.world.wait_listed(self.agent, self.card)

    def settled(self, operation):
        """Whether nothing is left to do, though it did not end as done."""
        return False

    def again(self, operation):
        self.wait_seen()
        if not operation["resumable"]:
            return self.start()
        self.agent.dialogs.replan(*self.plan)
        answer = self.agent.request("POST", f"/v1/operations/{operation['id']}/resume", {})
        equal(answer.status, 202, f"the answer to resume ({answer.body!r})")
        return operation["id"]

    def check(self, operation):
        raise NotImplementedError

    def check_tries(self):
        equal(self.card.tries_left(), self.card.tries()["max"], "PIN tries left")


class Renew(Work):
    kind = "renew"
    key = "keep"

    def prepare(self, faulty):
        super().prepare(faulty)
        self.before = Before(self.world, self.card)
        self.order = self.world.portal.order(self.card, key=self.key)

    def ticket(self):
        return self.world.portal.ticket(self.order)

    def check(self, operation):
        check_renewed(self.world, self.agent, self.card, self.before, operation, self.key)
        issued = self.world.portal.certificates(self.card)
        states = sorted(c["status"] for c in issued)
        each = 2 if self.before.dual else 1
        equal(states, ["active"] * each + ["revoked"] * each, "the certificates that were ever issued")
        containers = 1 if self.key == "keep" else 2
        equal(len(self.card.pairs()), containers, "containers on the key")


class RenewReplaced(Renew):
    key = "replace"


class ExtendSeal(Work):
    kind = "extend-seal"

    def prepare(self, faulty):
        self.sealed = Sealed(self.world, spoiled=faulty, **self.person)
        self.card, self.agent, self.platform = self.sealed.card, self.sealed.agent, self.sealed.platform
        (self.before,) = self.sealed.shown()

    def ticket(self):
        return self.sealed.ticket()

    def settled(self, operation):
        """The platform says that its seal is on the key already: all that is left is to look."""
        return operation["state"] == "failed" and operation["error"]["code"] == "seal-already-extended"

    def check(self, operation):
        if operation["state"] == "done" and operation["result"]["old_removed"]:
            self.sealed.check_extended(self.before, operation)
        else:
            self.check_left_over()
        made = self.world.portal.admin("seal", "list", "--serial", self.card.serial)
        equal([seal["state"] for seal in made], ["superseded", "current"], "the platform's register")

    def check_left_over(self):
        """The next log-in removes the old seal."""
        self.agent.dialogs.replan(f"pin {PIN}", "cancel")
        self.agent.perform("change-pin")
        verified = [self.sealed.verify(content, self.sealed.new)[0] for content in self.card.files().values()]
        left = self.card.family.always_managed  # until the next operation that the platform lets write
        assert verified == [0] or left and sorted(verified) == [0, 1], verified
        self.check_tries()


class ResetPin(Work):
    kind = "reset-pin"
    person = {"managed": True, "pin": OWN_PIN}

    def ticket(self):
        return self.world.portal.reset_ticket(self.card)

    def settled(self, operation):
        """Nobody could know at the time; the key shows it now."""
        if operation["state"] != "failed" or not self.card.holds_pin(PIN):
            return False
        assert operation["key_changed"], f"the PIN was reset, and the person is told {operation['error']['code']}"
        return True

    def check(self, operation):
        assert self.card.holds_pin(PIN), f"the initial PIN does not hold ({operation['error']})"
        said = self.card.family.says_default(self.card.person.profile)
        equal(self.agent.token()["pin"]["default"], said, "whether the PIN is initial")
        equal(self.card.tries_left(), self.card.tries()["max"], "tries left")
        admin = self.card.tries("admin")
        equal(admin["left"], admin["max"], "administrator tries left")


class ChangePin(Work):
    kind = "change-pin"
    person = {"pin": OWN_PIN}

    def ticket(self):
        return None

    @property
    def plan(self):
        return (f"pin {OWN_PIN}", f"new-pin {NEW_PIN}")

    def settled(self, operation):
        """A person who is told that it is unclear would try; the test looks into the key."""
        if operation["state"] != "failed":
            return False
        changed = self.card.holds_pin(NEW_PIN)
        code = operation["error"]["code"]
        assert code == "pin-change-unclear" or not changed, f"the new PIN holds, and the person is told {code}"
        return changed

    def check(self, operation):
        assert self.card.holds_pin(NEW_PIN), f"the new PIN does not hold ({operation['error']})"
        self.check_tries()


def on(work_class, **person):
    """The same on another kind of key."""
    return lambda world, faulty=False: work_class(world, faulty, **person)


WORKS = {
    "renew, key kept": Renew,
    "renew, key replaced": RenewReplaced,
    "extend-seal": ExtendSeal,
    "reset-pin": ResetPin,
    "change-pin": ChangePin,
}
PIV_WORKS = {f"{name}, piv-full": on(work, profile="piv-full") for name, work in WORKS.items()}
