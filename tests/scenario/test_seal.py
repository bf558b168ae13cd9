"""CA签章延期: the seal follows the renewed certificate, or nothing at all is written."""

import json
import time

import der
import faulty_portal as faulty
import openssl
import seals
from agent import PLATFORM
from cases import Suite, equal
from picture import png
from processes import PATIENCE, wait_until
from refusal import Untouched, check_refused

suite = Suite()

MESSAGE = "CA签章延期成功!"
PIV = {"profile": "piv-full"}
ODD = {"profile": "piv-odd"}  # its objects have 2 KB
SEAL, CONFIRM = ("PUT", "/seal"), ("PUT", "/confirmation")


# ---- a key with a seal ----


class Sealed:
    """A key with a seal, an agent, and what both were like at the start."""

    def __init__(self, world, renewed=True, key="keep", version=4, form="certificates", size=None,
                 spoiled=False, **person):
        self.world = world
        self.card = world.card(plugged=False, **person)
        self.picture = png(size or self.card.family.picture_bytes)
        self.seal = world.put_seal(self.card, self.picture, version=version, form=form)
        self.card.plug_in()
        self.old = self.card.certificate_file("sign")
        platform = world.faulty_portal() if spoiled else world.portal
        self.platform = platform
        self.agent = world.agent(api=platform.api, tls_ca=platform.tls_ca)
        if renewed:
            self.renew(key)

    def renew(self, key="keep"):
        operation = self.agent.perform("renew", self.world.ticket(self.card, key=key))
        equal(operation["state"], "done", f"the renewal ({operation['error']})")
        self.container = operation["result"]["container"]
        self.new = self.card.certificate_file("sign", self.container)

    def ticket(self):
        return self.world.portal.key_ticket(self.card, "extend-seal")

    def shown(self):
        """The seals as the page sees them."""
        return self.agent.token()["seals"]

    def verify(self, seal, signer):
        """The exit status of `ukeyctl seal verify`, and what it said."""
        folder = self.world.case_folder
        (folder / "verified.seal").write_bytes(seal)
        roots = folder / "roots.pem"
        roots.write_text(self.world.portal.roots.read_text() + self.world.portal.issuer("sm2")[0].read_text())
        words = ["seal", "verify", folder / "verified.seal", "--roots", roots, "--signer", signer]
        done = self.agent.ctl(*words, ok=None)
        return done.returncode, done.stderr.decode()

    def check_extended(self, before, operation):
        """before: shown() at the start."""
        equal(operation["state"], "done", f"the state ({operation['error']})")
        equal(operation["message"], MESSAGE, "the message")
        files = self.card.files()
        equal(list(files), [operation["result"]["file"]], "the files on the key")
        (new,) = files.values()
        (now,) = self.shown()
        equal(now["file"], operation["result"]["file"], "the file that the page sees")
        equal((now["bound"], now["size"]), (True, len(new)), "bound, size")
        for member in ("id", "name", "version"):
            equal(now[member], before[member], member)
        assert now["valid_until"] > before["valid_until"], (before, now)
        equal(operation["result"]["old_not_after"], before["valid_until"], "old_not_after")
        equal(operation["result"]["not_after"], now["valid_until"], "not_after")
        equal(self.verify(new, self.new), (0, ""), "ukeyctl seal verify with the new certificate")
        status, said = self.verify(new, self.old)
        assert status == 1 and "seal-holder" in said, f"with the old certificate: {status} {said}"
        equal(self.picture_of(new), self.picture, "the picture")
        equal(self.card.tries_left(), self.card.tries()["max"], "PIN tries left")

    def picture_of(self, seal):
        """As `ukeyctl seal show` writes it."""
        folder = self.world.case_folder
        (folder / "shown.seal").write_bytes(seal)
        self.agent.ctl("seal", "show", folder / "shown.seal", "--picture", folder / "shown.png")
        return (folder / "shown.png").read_bytes()


# ---- extended ----


def extended(world, **how):
    sealed = Sealed(world, renewed=False, **how)
    equal([seal["bound"] for seal in sealed.shown()], [True], "bound before the renewal")
    sealed.renew(how.get("key", "keep"))
    (before,) = sealed.shown()
    equal(before["bound"], False, "bound after the renewal")
    operation = sealed.agent.perform("extend-seal", sealed.ticket())
    sealed.check_extended(before, operation)


EXTENDED = {
    "V4, certificates": {},
    "V4, digests": {"form": "digests"},
    "V1": {"version": 1},
    "V4, key replaced": {"key": "replace"},
    "V1, key replaced": {"version": 1, "key": "replace"},
    "V4, single certificate": {"single": True},
    "V4 of 17 KiB": {"size": 15 * 1024},
    "longmai profile, V4": {"profile": "longmai"},
    "longmai profile, V1": {"profile": "longmai", "version": 1},
    "syno profile, V4, digests": {"profile": "syno", "form": "digests"},
    "syno profile, V1": {"profile": "syno", "version": 1},
    "piv-full, V4": PIV,
    "piv-full, V1, key replaced": {**PIV, "version": 1, "key": "replace"},
    "piv-5.4 with P-384, V4, digests, key replaced": {**PIV, "profile": "piv-5.4", "algorithm": "p384",
                                                    "form": "digests", "key": "replace"},
    "piv-odd with RSA, V4, digests": {**ODD, "algorithm": "rsa2048", "form": "digests", "size": 160},
}
for name, how in EXTENDED.items():
    suite.add(f"extended: {name}", lambda world, h=how: extended(world, **h))


@suite.case("extended from the terminal, ticket on standard input")
def by_terminal(world):
    sealed = Sealed(world)
    (before,) = sealed.shown()
    words = ["--json", "extend-seal", "--platform", PLATFORM]
    done = sealed.agent.ctl(*words, input_text=sealed.ticket() + "\n")
    sealed.check_extended(before, json.loads(done.stdout))


@suite.case("a seal that was extended is extended again only after the next renewal")
def twice(world):
    sealed = Sealed(world)
    (before,) = sealed.shown()
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket()))
    refused(sealed, "seal-already-extended")
    sealed.old = sealed.new
    sealed.renew("replace")
    (before,) = sealed.shown()
    equal(before["bound"], False, "bound after the second renewal")
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket()))


@suite.case("an old file that stayed on the key: the next renewal's extension is made once, from what counts")
def stayed_behind(world):
    sealed = Sealed(world)
    (before,) = sealed.shown()
    ((name, old),) = sealed.card.files().items()
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket()))
    path = world.case_folder / "stayed.seal"
    path.write_bytes(old)
    world.replug(sealed.agent, sealed.card, lambda: sealed.card.put_file(path, name))
    equal(len(sealed.card.files()), 2, "files on the key")
    sealed.renew("replace")
    operation = sealed.agent.perform("extend-seal", sealed.ticket())
    equal(operation["state"], "done", f"the state ({operation['error']})")
    made = world.portal.admin("seal", "list", "--serial", sealed.card.serial)
    equal([seal["state"] for seal in made], ["superseded", "superseded", "current"], "the register")
    bound = [seal for seal in sealed.shown() if seal["bound"]]
    equal([seal["file"] for seal in bound], [operation["result"]["file"]], "the seals that are bound")


class TwoSeals(Sealed):
    """A unit's seal and, beside it, its legal person's."""

    def __init__(self, world):
        super().__init__(world, renewed=False)
        world.replug(self.agent, self.card, lambda: world.put_seal(
            self.card, png(seed=2), "person", title="张三丰", type=2))
        self.renew()
        self.contents = self.card.files()

    def identities(self):
        """Of each file."""
        return {seal["file"]: seal["id"] for seal in self.shown()}


def one_of_two(world, meant, other):
    two = TwoSeals(world)
    identities = two.identities()
    ticket = world.portal.key_ticket(two.card, "extend-seal", seal=identities[meant])
    operation = two.agent.perform("extend-seal", ticket)
    equal(operation["state"], "done", f"the state ({operation['error']})")
    fresh = operation["result"]["file"]
    files = two.card.files()
    equal(set(files), {other, fresh}, "the files on the key")
    equal(files[other], two.contents[other], "the other seal")
    equal(two.verify(files[fresh], two.new), (0, ""), "ukeyctl seal verify with the new certificate")
    equal(two.picture_of(files[fresh]), two.picture_of(two.contents[meant]), "the picture")
    equal(two.identities(), {other: identities[other], fresh: identities[meant]}, "the identities")


suite.add("of two seals the unit's is extended", lambda world: one_of_two(world, "seal", "person"))
suite.add("of two seals the legal person's is extended", lambda world: one_of_two(world, "person", "seal"))


@suite.case("two seals on the key are extended one after the other")
def both(world):
    two = TwoSeals(world)
    for identity in two.identities().values():
        ticket = world.portal.key_ticket(two.card, "extend-seal", seal=identity)
        operation = two.agent.perform("extend-seal", ticket)
        equal(operation["state"], "done", f"the state ({operation['error']})")
    equal([seal["bound"] for seal in two.shown()], [True, True], "bound")
    equal(len(two.card.files()), 2, "files on the key")


def of_another_key(world):
    """A seal that was made for another key of the same person."""
    other = world.card(plugged=False, holder="张三丰")
    sealed = Sealed(world, holder="张三丰")
    world.put_seal(other, sealed.picture)
    ((name, _),) = sealed.card.files().items()
    (foreign,) = other.files().values()
    path = world.case_folder / "foreign.seal"
    path.write_bytes(foreign)

    def swap():
        sealed.card.clear_files()
        sealed.card.put_file(path, name)

    world.replug(sealed.agent, sealed.card, swap)
    refused(sealed, "seal-unknown")


# ---- broken off ----


def confirmation_lost(world):
    """The platform heard it, the agent did not hear the platform: it asks again."""
    sealed = Sealed(world, spoiled=True)
    (before,) = sealed.shown()
    sealed.platform.spoil(*CONFIRM, faulty.act_then_hang_up, times=1)
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket(), seconds=120))


# The n-th command after the platform's seal is one of many that write it.
WHILE_WRITING = 6
LARGE = 15 * 1024
HELD_MS = 60000
# A key that comes back sooner was never away for pcscd, which then can not reset it.
PCSCD_LOOKS_TWICE_S = 1


def write_under(world, *fault):
    """An operation under way, which is struck while it writes: (what is sealed, its seal before, its files before,
    the operation)."""
    sealed = Sealed(world, spoiled=True, size=LARGE)
    (before,) = sealed.shown()

    def act(forward):
        answer = forward()
        sealed.card.control("fault", *fault)
        return answer

    sealed.platform.spoil(*SEAL, act, times=1)
    files = sealed.card.files()
    return sealed, before, files, sealed.agent.start_operation("extend-seal", sealed.ticket())


def killed_while_writing(world):
    """Half a seal beside the old one; the next attempt puts it right."""
    sealed, before, old, started = write_under(world, "delay", str(WHILE_WRITING), str(HELD_MS))
    asked = lambda: any(request.endswith("/seal") for request in sealed.platform.requests)
    wait_until(asked, PATIENCE, "the platform is asked for a seal")
    wait_until(lambda: len(sealed.card.files()) == 2, PATIENCE, "the second file is there")
    sealed.agent.kill()
    sealed.card.stop()  # which ends its wait
    time.sleep(PCSCD_LOOKS_TWICE_S)  # nobody is there to be told that the key is gone
    files = sealed.card.files()
    equal({name: files[name] for name in old}, old, "the old seal")
    (half,) = [content for name, content in files.items() if name not in old]
    assert half.endswith(b"\0" * 16), "the new seal was written in whole before the kill"
    sealed.agent.start()
    world.wait_keys(sealed.agent, 0)
    sealed.card.plug_in()
    world.wait_listed(sealed.agent, sealed.card)
    equal(sealed.agent.operation(started["id"])["error"]["code"], "interrupted", "the code")
    sealed.agent.dialogs.replan("pin 123456")
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket()))


def killed_before_confirmation(world):
    """Two seals on the key: after the restart the agent confirms, and the old one goes with the next log-in."""
    sealed = Sealed(world, spoiled=True)
    (before,) = sealed.shown()
    sealed.platform.spoil(*CONFIRM, faulty.hang_up)
    started = sealed.agent.start_operation("extend-seal", sealed.ticket())
    sealed.agent.wait_for(started["id"], lambda o: o["step"]["name"] == "confirm")
    sealed.agent.kill()
    sealed.platform.rules.clear()
    equal(len(sealed.card.files()), 2, "files after the kill")
    sealed.agent.start()
    world.wait_keys(sealed.agent, 1)
    over = sealed.agent.wait_over(started["id"], 90)
    equal(over["state"], "done", f"the state ({over['error']})")
    equal((over["result"]["old_removed"], len(sealed.card.files())), (False, 2), "removed, files")
    sealed.agent.dialogs.replan("pin 123456", "cancel")
    equal(sealed.agent.perform("change-pin")["state"], "cancelled", "a PIN typed for something else")
    sealed.check_extended(before, over)


def pulled_while_writing(world):
    sealed, before, old, started = write_under(world, "remove-at", str(WHILE_WRITING))
    over = sealed.agent.wait_over(started["id"])
    equal(over["error"]["code"], "key-removed", f"the code ({over['error']})")
    files = sealed.card.files()
    assert len(files) == 2 and old.items() <= files.items(), "the old seal, and half a new one"
    world.put_back(sealed.agent, sealed.card)
    sealed.check_extended(before, sealed.agent.perform("extend-seal", sealed.ticket()))


for name, perform in {
    "the confirmation is lost": confirmation_lost,
    "the agent is killed while it writes": killed_while_writing,
    "the agent is killed before the confirmation": killed_before_confirmation,
    "the key is pulled while it is written": pulled_while_writing,
}.items():
    suite.add(name, perform)


# ---- refused before any byte is written ----


def refused(sealed, code, ticket=None, untouched=None):
    untouched = untouched or Untouched(sealed.card)
    operation = sealed.agent.perform("extend-seal", ticket or sealed.ticket())
    check_refused(sealed.agent, operation, code, untouched)


def renew_first(world):
    refused(Sealed(world, renewed=False), "renew-first")


def renewal_not_confirmed(world):
    """The new certificate is on the key, but the platform has not heard so yet."""
    sealed = Sealed(world, renewed=False, spoiled=True)
    sealed.platform.spoil(*CONFIRM, faulty.hang_up)
    started = sealed.agent.start_operation("renew", world.ticket(sealed.card))
    sealed.agent.wait_for(started["id"], lambda o: o["step"]["name"] == "confirm")
    sealed.agent.kill()
    sealed.agent.start()
    world.wait_keys(sealed.agent, 1)
    refused(sealed, "renew-first")


def other_keys_ticket(world):
    sealed = Sealed(world)
    other = world.card(plugged=False)
    world.put_seal(other, sealed.picture)
    refused(sealed, "wrong-key", world.portal.key_ticket(other, "extend-seal"))


def no_seal(world):
    sealed = Sealed(world)
    world.replug(sealed.agent, sealed.card, sealed.card.clear_files)
    refused(sealed, "seal-missing")


def two_seals(world):
    """Of two identities: which one is meant can't be known."""
    refused(TwoSeals(world), "several-seals")


def named_seal_is_gone(world):
    two = TwoSeals(world)
    ticket = world.portal.key_ticket(two.card, "extend-seal", seal=two.identities()["person"])
    world.replug(two.agent, two.card, lambda: two.card.remove_file("person"))
    refused(two, "seal-missing", ticket)


def no_room(world, **how):
    """A token whose objects are large enough for the present seal, and not for one that may be larger."""
    sealed = Sealed(world, spoiled=True, **how)
    refused(sealed, "key-full")
    assert not any(request.endswith("/seal") for request in sealed.platform.requests), sealed.platform.requests
    sealed.agent.dialogs.replan("pin 123456")
    sealed.renew()


for name, perform in {
    "piv-full, no room for a new seal": lambda world: no_room(world, **PIV, size=1400),
    "piv-odd, no room for a new seal": lambda world: no_room(world, **ODD, form="digests", size=300),
    "before the renewal": renew_first,
    "before the renewal is confirmed": renewal_not_confirmed,
    "with the ticket of another key": other_keys_ticket,
    "with the seal of another key of the same person": of_another_key,
    "without a seal on the key": no_seal,
    "with two different seals on the key": two_seals,
    "when the key lacks the seal that is named": named_seal_is_gone,
}.items():
    suite.add(f"refused: {name}", perform)


# ---- seals that must not reach the key ----


def other_picture(world, forger, seal):
    return forger.forge(seal, (seals.PICTURE, png(seed=2)))


def other_identity(world, forger, seal):
    return forger.forge(seal, (seals.IDENTITY, b"another-seal"))


def other_name(world, forger, seal):
    return forger.forge(seal, (seals.NAME, "另一家公司公章".encode()))


def other_holder(world, forger, seal):
    stranger = world.card(plugged=False, registered=False)
    certificate = openssl.der(stranger.certificate_file("sign"))
    return forger.forge(seal, (seals.LIST, [(0x04, certificate)]))


def earlier_end(world, forger, seal):
    tomorrow = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400))
    return forger.forge(seal, (seals.END, tomorrow.encode()))


def unknown_maker(world, forger, seal):
    folder = world.case_folder / "unknown"
    folder.mkdir()
    return seals.Forger(folder, openssl.new_ca(folder)).forge(seal)


def unmarked_maker(world, forger, seal):
    """By the platform's CA, as every holder's certificate is."""
    folder = world.case_folder / "holder"
    folder.mkdir()
    return seals.Forger(folder, world.portal.issuer("sm2"), mark="").forge(seal)


def changed_byte(world, forger, seal):
    return seal[:-1] + bytes([seal[-1] ^ 1])


def trailing_byte(world, forger, seal):
    return seal + b"\0"


def too_large(world, forger, seal):
    """As large as a seal may be: the key has no room for it beside what it holds."""
    tree = der.read(seal)
    holders = der.at(tree, seals.LIST)
    room = 65000 - len(seal)
    filler = [(0x04, der.write((0x30, [(0x04, b"\0" * 8000)])))] * (room // 8012)
    return forger.forge(seal, (seals.LIST, holders + filler))


def the_old_one(world, forger, seal):
    return forger.old


SPOILED = {
    "another picture": (other_picture, "seal-picture"),
    "another identity": (other_identity, "seal-identity"),
    "another name": (other_name, "seal-identity"),
    "another holder": (other_holder, "seal-holder"),
    "an earlier end": (earlier_end, "seal-end"),
    "a maker that nobody trusts": (unknown_maker, "seal-maker"),
    "a holder of the same CA as its maker": (unmarked_maker, "seal-maker"),
    "a changed signature": (changed_byte, "seal-signature"),
    "a byte too many": (trailing_byte, "seal-format"),
    "more than the key has room for": (too_large, "seal-too-large"),
    "the present seal once more": (the_old_one, "seal-holder"),
}


def spoiled(change, code):
    def perform(world):
        sealed = Sealed(world, spoiled=True, profile="longmai")
        forger = seals.Forger(world.case_folder, world.portal.issuer("sm2"))
        (forger.old,) = sealed.card.files().values()
        edit = seals.in_answer(lambda seal: change(world, forger, seal))
        sealed.platform.spoil(*SEAL, faulty.edited(edit))
        refused(sealed, code)

    return perform


for name, (change, code) in SPOILED.items():
    suite.add(f"refused: the platform's seal has {name}", spoiled(change, code))


@suite.case("a forged seal in which nothing is wrong passes the checks")
def forger_is_able(world):
    """So that the refusals above come from what was changed."""
    sealed = Sealed(world, spoiled=True)
    forger = seals.Forger(world.case_folder, world.portal.issuer("sm2"))
    sealed.platform.spoil(*SEAL, faulty.edited(seals.in_answer(forger.forge)))
    started = sealed.agent.start_operation("extend-seal", sealed.ticket())
    names = ("write-seal", "read-back", "confirm")
    sealed.agent.wait_for(started["id"], lambda o: o["step"]["name"] in names)
    assert len(sealed.agent.wait_over(started["id"])) and len(sealed.card.files()) == 2
