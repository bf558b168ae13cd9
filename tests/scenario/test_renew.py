"""Renewals that succeed: through the HTTPS API as a page would, and from the terminal."""

import json

import openssl
from agent import PLATFORM
from cases import Suite, equal

suite = Suite()

MESSAGE = "续费成功、请您进行CA签章延期!"
KEPT = "key-cannot-replace"
MESSAGES = {None: MESSAGE, KEPT: f"{MESSAGE}本CA锁没有位置存放第二个签名密钥，已沿用原密钥。"}
SECRET = "投标文件的对称密钥".encode()


class Before:
    """The key before the renewal, and something enciphered to its certificate of that time."""

    def __init__(self, world, card, container=None):
        """container: the name of the pair that is renewed, when the key has others."""
        self.container = card.container(container)
        self.sign = card.certificate_file("sign", container)
        self.dual = not card.person.single
        decrypts = self.dual or card.family.decrypts_with == "sign"
        self.encrypt = card.certificate_file(card.family.decrypts_with, container) if decrypts else None
        self.ciphertext = openssl.encrypt(self.encrypt, SECRET) if self.encrypt else None
        self.folder = world.case_folder


def exported(agent, before, usage, container):
    """A certificate as `ukeyctl cert export` gives it."""
    done = agent.ctl("cert", "export", "--usage", usage, "--container", container)
    path = before.folder / f"exported-{usage}.pem"
    path.write_bytes(done.stdout)
    return path


def check_certificate(world, card, old, new):
    """The new one continues the old one: issued by the platform's CA, same subject, later end."""
    algorithm = card.person.algorithm
    issuer = world.portal.issuer(algorithm)[0]
    for certificate, above in ((new, issuer), (issuer, world.portal.root(algorithm))):
        good, said = openssl.verify(certificate, above)
        assert good, said
    equal(openssl.subject(new), openssl.subject(old), "the subject")
    assert openssl.end_date(new) > openssl.end_date(old), "the new certificate ends no later"


def check_platform(world, card, before, new):
    """The new certificates are the current ones, the old ones are revoked."""
    found = {c["serial_number"].lstrip("0"): c["status"] for c in world.portal.certificates(card)}
    for certificate, status in [(n, "active") for n in new] + [
        (old, "revoked") for old in (before.sign, before.encrypt) if old
    ]:
        number = openssl.serial(certificate).lstrip("0")
        equal(found.get(number), status, f"the platform's state of certificate {number}")


def check_renewed(world, agent, card, before, operation, key, kept_reason=None):
    """kept_reason: why the key was kept though the order wants a new one."""
    equal(operation["state"], "done", f"the state ({operation['error']})")
    equal(operation["message"], MESSAGES[kept_reason], "the message")
    result = operation["result"]
    equal((result["replaced"], result["kept_reason"]), (key == "replace", kept_reason), "replaced, why not")
    container = result["container"]
    new_sign = exported(agent, before, "sign", container)
    check_certificate(world, card, before.sign, new_sign)
    same_key = openssl.public_key(new_sign) == openssl.public_key(before.sign)
    equal(same_key, key == "keep", "the signing key is the same")
    new = [new_sign]
    if before.dual:
        new_encrypt = exported(agent, before, "encrypt", container)
        check_certificate(world, card, before.encrypt, new_encrypt)
        equal(card.decrypt(new_encrypt, openssl.encrypt(new_encrypt, SECRET)), SECRET, "the new key")
        new.append(new_encrypt)
    if before.encrypt:
        equal(card.decrypt(before.encrypt, before.ciphertext), SECRET, "what the old key decrypts")
    if key == "replace":
        equal(card.as_it_was(before.container), before.container, "the old container")
    check_platform(world, card, before, new)
    equal(card.tries_left(), card.tries()["max"], "PIN tries left")


def renew_by_api(world, key="keep", plan=(), **person):
    card = world.card(**person)
    before = Before(world, card)
    dialogs = world.dialogs(*plan)
    agent = world.agent(dialogs)
    events = agent.events()
    ticket = world.ticket(card, key=key)
    started = agent.start_operation("renew", ticket)
    operation = agent.wait_over(started["id"])
    check_renewed(world, agent, card, before, operation, key)
    check_events(events, operation)
    return card, agent, operation


def check_events(events, operation):
    """The page saw the dialog open and the operation end, in steps that only go forward."""
    own = lambda event: event["event"] == "operation.changed" and event["operation"]["id"] == operation["id"]
    events.wait_for(lambda e: own(e) and e["operation"]["state"] == "done")
    seen = [e["operation"] for e in events.events if own(e)]
    versions = [o["version"] for o in seen]
    equal(versions, sorted(versions), "the versions in the order of events")
    indices = [o["step"]["index"] for o in seen]
    equal(indices, sorted(indices), "the steps in the order of events")
    assert "waiting-user" in [o["state"] for o in seen], "no event said that a dialog is open"


PIV = {"profile": "piv-full"}
PLAIN = {"profile": "piv-plain"}
TABLE = (
    ("sm2 dual, key kept", {}, "keep"),
    ("sm2 dual, key replaced", {}, "replace"),
    ("sm2 single, key kept", {"single": True}, "keep"),
    ("sm2 single, key replaced", {"single": True}, "replace"),
    ("rsa2048 dual, key kept", {"algorithm": "rsa2048"}, "keep"),
    ("rsa2048 single, key kept", {"algorithm": "rsa2048", "single": True}, "keep"),
    ("rsa2048 single, key replaced", {"algorithm": "rsa2048", "single": True}, "replace"),
    ("longmai profile, key kept", {"profile": "longmai"}, "keep"),
    ("longmai profile, key replaced", {"profile": "longmai"}, "replace"),
    ("syno profile, key kept", {"profile": "syno"}, "keep"),
    ("syno profile, key replaced", {"profile": "syno"}, "replace"),
    ("piv-full p256, key kept", PIV, "keep"),
    ("piv-full p256, key replaced", PIV, "replace"),
    ("piv-5.4 p384, key replaced", {**PIV, "profile": "piv-5.4", "algorithm": "p384"}, "replace"),
    ("piv-plain p256, key kept", PLAIN, "keep"),
    ("piv-odd rsa2048, key replaced", {**PIV, "profile": "piv-odd", "algorithm": "rsa2048"}, "replace"),
)
for name, person, key in TABLE:
    suite.add(name, lambda world, k=key, p=person: renew_by_api(world, k, **p))


def kept_though(world, **person):
    """The order wants a new key and the token has no place for one."""
    card = world.card(**person)
    before = Before(world, card)
    agent = world.agent()
    order = world.portal.order(card, key="replace")
    operation = agent.perform("renew", world.portal.ticket(order))
    check_renewed(world, agent, card, before, operation, "keep", KEPT)
    (found,) = card.show()["containers"]
    equal(found["name"], before.container["name"], "the pair's name")
    trail = [line["detail"] for line in world.portal.admin("audit", "list") if line["subject"] == order]
    assert any(KEPT in detail for detail in trail), trail


suite.add("piv-plain p256, key kept since it can't be replaced, and everybody is told", lambda w: kept_though(w, **PLAIN))


def wrong_is_explained(world, **person):
    card, agent, _ = renew_by_api(world, plan=["pin 654321", "pin 123456"], **person)
    shown = agent.dialogs.shown()
    equal(len(shown), 2, "dialogs")
    tries = card.tries()["max"]
    assert f"：{tries}" in shown[0]["SETDESC"], f"the first dialog does not show {tries} tries left"
    assert f" {tries - 1} " in shown[1]["SETERROR"], "the second does not say how many are left"


EXPLAINED = "PIN typed wrong once, then right: the second dialog names the tries left"
suite.add(EXPLAINED, wrong_is_explained)
suite.add(f"{EXPLAINED}, piv-full", lambda world: wrong_is_explained(world, **PIV))


def dialog_texts(world, **person):
    card, agent, _ = renew_by_api(world, **person)
    text = agent.dialogs.shown()[0]["SETDESC"]
    for part in (world.portal.origin, "阳光采购服务平台", "CA延期续费", card.serial):
        assert part in text, f"{part!r} is missing in {text!r}"


TEXTS = "the dialog names platform, site, operation, holder and key"
suite.add(TEXTS, dialog_texts)
suite.add(f"{TEXTS}, piv-plain", lambda world: dialog_texts(world, **PLAIN))


def twice(world, second, **person):
    """A second order for a renewed key works from the renewed certificate; what was enciphered to the first can
    still be read."""
    card, agent, operation = renew_by_api(world, key="replace", **person)
    before = Before(world, card, operation["result"]["container"])
    agent.dialogs.replan("person 123456")
    operation = agent.perform("renew", world.ticket(card, key=second))
    check_renewed(world, agent, card, before, operation, second)


TWICE = "a renewed key can be renewed again"
suite.add(TWICE, lambda world: twice(world, "keep"))
for profile in ("piv-full", "piv-5.4", "piv-odd"):
    suite.add(f"{TWICE}, {profile}, both times with a new key", lambda w, p=profile: twice(w, "replace", profile=p))


def by_terminal(world, **person):
    card = world.card(**person)
    before = Before(world, card)
    agent = world.agent()
    done = agent.ctl("--json", "renew", "--platform", PLATFORM, input_text=world.ticket(card) + "\n")
    operation = json.loads(done.stdout)
    check_renewed(world, agent, card, before, operation, "keep")


TERMINAL = "from the terminal, ticket on standard input"
suite.add(TERMINAL, by_terminal)
suite.add(f"{TERMINAL}, piv-odd", lambda world: by_terminal(world, profile="piv-odd"))


@suite.case("from the terminal, ticket as an option, with readable progress")
def by_terminal_readable(world):
    card = world.card()
    before = Before(world, card)
    agent = world.agent()
    ticket = world.ticket(card, key="replace")
    done = agent.ctl("--lang", "zh", "renew", "--platform", PLATFORM, "--ticket", ticket)
    assert MESSAGE in done.stdout.decode(), done.stdout.decode()
    operation = agent.get("/v1/operations")["operations"]
    equal(operation, [], "operations of the terminal that a page sees")
    listed = json.loads(agent.ctl("--json", "operations").stdout)["operations"][0]
    check_renewed(world, agent, card, before, listed, "replace")


def check_only(world, **person):
    card = world.card(**person)
    picture = card.picture()
    agent = world.agent(world.dialogs("cancel"))
    operation = agent.perform("check", world.ticket(card, kind="check"))
    equal(operation["state"], "done", f"the state ({operation['error']})")
    result = operation["result"]
    equal((result["due"], result["approved"], result["key"]), ("now", True, "keep"), "the findings")
    assert 18 <= result["days_left"] <= 20, result
    equal(card.picture(), picture, "the key")
    equal(agent.dialogs.shown(), [], "dialogs")


CHECK = "check changes nothing and says what a renewal would do"
suite.add(CHECK, check_only)
suite.add(f"{CHECK}, piv-plain", lambda world: check_only(world, **PLAIN))


@suite.case("check without a ticket or a platform's word")
def check_without_ticket(world):
    world.card(days_left=200)
    agent = world.agent(world.dialogs("cancel"))
    operation = agent.perform("check")
    equal(operation["state"], "done", f"the state ({operation['error']})")
    equal(operation["result"]["due"], "not-yet", "due")
