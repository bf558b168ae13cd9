"""A platform that is down, slow, broken or dishonest: the key stays as it was, or the renewal succeeds."""

import base64

import faulty_portal as faulty
import openssl
from cases import Suite, equal
from pcscd import free_port
from refusal import Untouched, check_refused, refused

suite = Suite()

HTML = "<!DOCTYPE html><title>请登录</title><p>校园网认证</p>".encode()
REDEEM, REQUEST, CONFIRM = ("POST", "/jobs"), ("PUT", "/request"), ("PUT", "/confirmation")
MANAGE = ("POST", "/unblock")  # of a PIV token: its challenge, before anything is written
PIV = {"profile": "piv-full"}
RETRY_SECONDS = 90  # the agent goes on trying for a while before it gives up


class Scene:
    """A key, an order for it, and an agent whose platform can be spoiled."""

    def __init__(self, world, key="keep", **person):
        self.card = world.card(**person)
        self.portal = world.faulty_portal()
        self.agent = world.agent(api=self.portal.api, tls_ca=self.portal.tls_ca)
        self.order = world.portal.order(self.card, key=key)
        self.ticket = world.portal.ticket(self.order)
        self.untouched = Untouched(self.card)

    def refused(self, code, **options):
        return refused(self.agent, code, self.untouched, self.ticket, seconds=RETRY_SECONDS, **options)

    def renews(self):
        operation = self.agent.perform("renew", self.ticket, seconds=RETRY_SECONDS)
        equal(operation["state"], "done", f"the state ({operation['error']})")
        return operation


# ---- no sensible answer at all ----


def down(world):
    card = world.card()
    agent = world.agent(api=f"https://127.0.0.1:{free_port()}/agent/v1")
    refused(agent, "platform-unreachable", Untouched(card), world.ticket(card), seconds=RETRY_SECONDS)


def wrong_tls(world):
    """A server that anybody's CA vouches for is not the platform."""
    card = world.card()
    api = world.faulty_portal().api
    agent = world.agent(api=api)
    refused(agent, "platform-tls", Untouched(card), world.ticket(card), seconds=RETRY_SECONDS)


SPOILED = (
    ("slow at the ticket", REDEEM, faulty.slow(60), "platform-timeout"),
    ("HTML at the ticket", REDEEM, faulty.reply(200, "text/html", HTML), "platform-answer"),
    ("500 at the ticket", REDEEM, faulty.reply(500, "text/plain", b"oops"), "platform-failed"),
    ("a truncated answer at the ticket", REDEEM, faulty.truncated, "platform-answer"),
    ("HTML instead of certificates", REQUEST, faulty.reply(200, "text/html", HTML), "platform-answer"),
    ("rubbish instead of certificates", REQUEST, faulty.reply(200, "application/json", b"{}"), "platform-answer"),
)


def spoiled(where, action, code, **how):
    def perform(world):
        scene = Scene(world, **how)
        scene.portal.spoil(*where, action)
        scene.refused(code)

    return perform


# ---- a PIV token's challenge ----


def another_cryptogram(answer):
    data = base64.b64decode(answer["data"])
    answer["data"] = base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()


def shorter_cryptogram(answer):
    answer["data"] = base64.b64encode(base64.b64decode(answer["data"])[:-1]).decode()


def another_challenge(request):
    request["challenge"] = base64.b64encode(bytes(len(base64.b64decode(request["challenge"])))).decode()


SPOILED_MANAGE = (
    ("HTML", faulty.reply(200, "text/html", HTML), "platform-answer"),
    ("an answer that is cut short", faulty.truncated, "platform-answer"),
    ("a wrong cryptogram", faulty.edited(another_cryptogram), "management-refused"),
    ("a shorter cryptogram", faulty.edited(shorter_cryptogram), "platform-answer"),
    ("a cryptogram for another challenge", faulty.asked(another_challenge), "management-refused"),
)


def spoiled_manage(action, code, key, profile):
    """The key is as it was, and the next attempt renews it."""

    def perform(world):
        scene = Scene(world, key=key, profile=profile)
        scene.portal.spoil(*MANAGE, action)
        scene.refused(code)
        scene.portal.rules.clear()
        scene.ticket = world.portal.ticket(scene.order)
        scene.renews()

    return perform


def replayed_manage(world):
    """The answer that let the agent write once, given to the next challenge."""
    scene = Scene(world, **PIV)
    scene.renews()
    recorded = [document for _, path, document in scene.portal.answers if path.endswith("/unblock")][-1]
    scene.untouched, scene.ticket = Untouched(scene.card), world.ticket(scene.card)
    scene.portal.spoil(*MANAGE, faulty.edited(lambda answer: answer.update(recorded)))
    scene.refused("management-refused")


def lost_manage(world):
    """The platform has answered and the agent did not hear it: the key is as it was."""
    scene = Scene(world, key="replace", **PIV)
    scene.portal.spoil(*MANAGE, faulty.act_then_hang_up, times=1)
    operation = scene.agent.perform("renew", scene.ticket, seconds=RETRY_SECONDS)
    if operation["state"] != "done":
        check_refused(scene.agent, operation, "platform-unreachable", scene.untouched)


# ---- certificates that must not reach the key ----


def replaced_certificate(change, member="sign_certificate"):
    """change(world, scene, DER) gives the DER that takes its place."""

    def prepare(world, scene):
        def edit(answer):
            der = base64.b64decode(answer[member])
            answer[member] = base64.b64encode(change(world, scene, der)).decode()

        scene.portal.spoil(*REQUEST, faulty.edited(edit))

    return prepare


def reissued(world, scene, der, issuer=None, public=None, subject=None, days=800, usage="sign"):
    """The same certificate with one thing changed, signed by the platform's CA unless told otherwise."""
    folder = world.case_folder
    original = folder / "issued.pem"
    original.write_text(openssl.pem(der))
    if public is None:
        public = folder / "issued.pub"
        public.write_text(openssl.public_key(original))
    return openssl.issue(
        folder,
        issuer or world.portal.issuer("sm2"),
        public,
        subject or openssl.subject_path(original),
        days,
        usage,
    )


def other_key(world, scene, der):
    folder = world.case_folder
    key = openssl.new_key(folder / "other.key")
    return reissued(world, scene, der, public=openssl.public_of(key, folder / "other.pub"))


def other_subject(world, scene, der):
    return reissued(world, scene, der, subject="/C=CN/O=另一家公司/CN=李四")


def earlier_end(world, scene, der):
    return reissued(world, scene, der, days=5)


def unknown_ca(world, scene, der):
    return reissued(world, scene, der, issuer=openssl.new_ca(world.case_folder))


def stranger(world, scene, der):
    """A CA of its own that only bears the platform's name."""
    name = openssl.subject_path(world.portal.issuer("sm2")[0])
    return reissued(world, scene, der, issuer=openssl.new_ca(world.case_folder, name))


def wrong_usage(world, scene, der):
    return reissued(world, scene, der, usage="encrypt")


def trailing(world, scene, der):
    return der + b"\0"


def cut(world, scene, der):
    return der[:-1]


def broken_signature(world, scene, der):
    return der[:-1] + bytes([der[-1] ^ 1])


ISSUED = (
    ("a certificate for another public key", other_key, "certificate-public-key"),
    ("a certificate for another subject", other_subject, "certificate-subject"),
    ("a certificate with an earlier end", earlier_end, "certificate-validity"),
    ("a certificate from an unknown CA", unknown_ca, "certificate-untrusted"),
    ("a certificate from a CA of the same name", stranger, "certificate-untrusted"),
    ("a certificate for another usage", wrong_usage, "certificate-usage"),
    ("a certificate with trailing bytes", trailing, "der-trailing-bytes"),
    ("a certificate that is cut short", cut, "der"),
    ("a certificate with a broken signature", broken_signature, "certificate-untrusted"),
)


# Also of what a PIV token gets; those that a CA of the test issues are SM2's.
ISSUED_PIV = {other_key: "certificate-public-key", trailing: "der-trailing-bytes", cut: "der",
              broken_signature: "certificate-untrusted"}


def bad_certificate(change, code, member="sign_certificate", **how):
    def perform(world):
        scene = Scene(world, **how)
        replaced_certificate(change, member)(world, scene)
        scene.refused(code)

    return perform


def reissue_is_accepted(world):
    """The forged certificates above fail for their one fault: without one they are taken."""
    scene = Scene(world, single=True)
    replaced_certificate(reissued)(world, scene)
    operation = scene.agent.perform("renew", scene.ticket, seconds=RETRY_SECONDS)
    assert operation["key_changed"] or operation["state"] == "done", operation["error"]


# ---- envelopes ----


def other_envelope(world, take):
    """What the platform issued to another key of the same holder, put into this one's answer."""
    other = Scene(world, key="replace")
    other.renews()
    issued = [doc for method, path, doc in other.portal.answers if path.endswith("/request")][-1]
    other.card.pull()
    world.wait_keys(other.agent, 0)
    other.agent.stop()
    other.card.stop()
    scene = Scene(world, key="replace")
    scene.portal.spoil(*REQUEST, faulty.edited(lambda answer: answer.update({m: issued[m] for m in take})))
    return scene


def envelope_of_other_certificate(world):
    other_envelope(world, ["enveloped_key"]).refused("envelope-key")


def envelope_to_other_signing_key(world):
    """It fits its certificate, so only the key itself can tell: it refuses, and the container goes."""
    scene = other_envelope(world, ["enveloped_key", "encrypt_certificate"])
    operation = scene.agent.perform("renew", scene.ticket, seconds=RETRY_SECONDS)
    equal(operation["state"], "failed", "the state")
    scene.untouched.check()


def envelope_cut(world):
    scene = Scene(world, key="replace")
    replaced_certificate(cut, "enveloped_key")(world, scene)
    scene.refused("envelope")


# ---- faults that heal ----


def answer_lost(where):
    """The platform acted and the agent never heard: asked again it gives the same, and nothing is
    issued twice."""

    def perform(world, **person):
        scene = Scene(world, key="replace", **person)
        scene.portal.spoil(*where, faulty.act_then_hang_up, times=1)
        scene.renews()
        issued = world.portal.certificates(scene.card)
        each = 1 if scene.card.person.single else 2
        equal(len([c for c in issued if c["status"] == "active"]), each, "active certificates")
        equal(len(issued), 2 * each, "certificates issued to this key in all")

    return perform


def failed_once(world, **person):
    scene = Scene(world, **person)
    for where in (REDEEM, REQUEST, CONFIRM):
        scene.portal.spoil(*where, faulty.reply(500, "text/plain", b"oops"), times=1)
    scene.renews()


def under_way(world):
    """202 twice, then the certificates."""
    scene = Scene(world)
    scene.portal.spoil(*REQUEST, faulty.reply(202, "application/json", b"{}"), times=2)
    events = scene.agent.events()
    operation = scene.renews()
    events.wait_for(
        lambda e: e["event"] == "operation.changed" and e["operation"]["state"] == "waiting-platform"
    )
    equal(operation["message"], "续费成功、请您进行CA签章延期!", "the message")


def unconfirmed_heals(world, **person):
    """Written, and a log-in page in the way of the confirmation: its own outcome, which heals by itself, also
    over a restart of the agent."""
    scene = Scene(world, **person)
    scene.portal.spoil(*CONFIRM, faulty.reply(200, "text/html", HTML))
    started = scene.agent.start_operation("renew", scene.ticket)
    operation = scene.agent.wait_over(started["id"], RETRY_SECONDS)
    equal(operation["state"], "unconfirmed", f"the state ({operation['error']})")
    equal(operation["error"]["code"], "written-not-confirmed", "the code")
    scene.agent.stop()
    scene.portal.rules.clear()
    scene.agent.start()
    healed = scene.agent.wait_for(started["id"], lambda o: o["state"] == "done", RETRY_SECONDS)
    equal(healed["error"], None, "the error afterwards")
    states = {c["status"] for c in world.portal.certificates(scene.card)}
    equal(states, {"active", "revoked"}, "the platform's states")


suite.add("down", down)
suite.add("another server's TLS certificate", wrong_tls)
for name, where, action, code in SPOILED:
    suite.add(name, spoiled(where, action, code))
for name, change, code in ISSUED:
    suite.add(name, bad_certificate(change, code))
suite.add(
    "an encryption certificate from an unknown CA",
    bad_certificate(
        lambda w, s, d: reissued(w, s, d, issuer=openssl.new_ca(w.case_folder), usage="encrypt"),
        "certificate-untrusted",
        "encrypt_certificate",
    ),
)
suite.add("the forged certificates fail for their one fault only", reissue_is_accepted)
suite.add("an envelope that does not fit its certificate", envelope_of_other_certificate)
suite.add("an envelope to another signing key", envelope_to_other_signing_key)
suite.add("an envelope that is cut short", envelope_cut)
HEALING = {
    "the ticket's answer is lost": answer_lost(REDEEM),
    "the certificates' answer is lost": answer_lost(REQUEST),
    "the acknowledgement is lost": answer_lost(CONFIRM),
    "each call fails once": failed_once,
    "written, not confirmed: heals after a restart": unconfirmed_heals,
}
for name, perform in HEALING.items():
    suite.add(name, perform)
    suite.add(f"{name}, piv-full", lambda world, f=perform: f(world, **PIV))
suite.add("the platform needs time", under_way)
for name, action, code in SPOILED_MANAGE:
    for key in ("keep", "replace"):
        suite.add(f"{name} to a PIV token's challenge, key {key}", spoiled_manage(action, code, key, "piv-full"))
suite.add("a wrong cryptogram for a token that has another word for it", spoiled_manage(
    faulty.edited(another_cryptogram), "management-refused", "replace", "piv-odd"))
suite.add("an answer to a PIV token's challenge, played once more", replayed_manage)
suite.add("the answer to a PIV token's challenge is lost", lost_manage)
for change, code in ISSUED_PIV.items():
    suite.add(f"a bad certificate for a PIV token: {code}", bad_certificate(change, code, **PIV))
