"""CA锁密码重置 and the change of a PIN: what the key counts, and who gets to see what."""

import base64
import hashlib
import json

import faulty_portal as faulty
import memory_scan
from agent import PLATFORM
from card import PIN
from cases import Suite, equal
from families import GMT0017
from processes import run
from refusal import Untouched, check_refused

suite = Suite()

MESSAGE = "重置锁成功,CA锁密码为:123456。"
CHANGED = "重置锁成功,CA锁密码已修改。"
CHANGE_MESSAGE = "CA锁密码修改成功!"
OWN_PIN = "528491"  # what the person chose before it was forgotten
NEW_PIN = "737465"
WRONG_PIN = "654321"
UNBLOCK = ("POST", "/unblock")
RESETS_A_DAY = 3  # of one key
PROFILES = GMT0017.profiles


def check_admin(card, spent=0):
    tries = card.tries("admin")
    equal(tries["left"], tries["max"] - spent, "administrator tries left")


class Locked:
    """A key of which the person has forgotten the PIN, and tried until it was locked."""

    def __init__(self, world, profile="gmt0017-2012", plan=("ok", "cancel"), spoiled=False, lock=True,
                 trace=None, own_trace=None):
        """plan: what the person answers from then on. trace: of the key, own_trace: of the agent."""
        self.world = world
        self.card = world.card(managed=True, profile=profile, pin=OWN_PIN, plugged=False)
        self.card.plug_in(trace=trace)
        self.platform = world.faulty_portal() if spoiled else world.portal
        self.agent = world.agent(
            world.dialogs("cancel"), api=self.platform.api, tls_ca=self.platform.tls_ca, trace=own_trace
        )
        if lock:
            self.lock()
        self.agent.dialogs.replan(*plan)

    def lock(self):
        tries = self.card.tries_left()
        self.agent.dialogs.replan(*[f"pin {WRONG_PIN}"] * (tries - 1), "ok", f"pin {WRONG_PIN}")
        operation = self.agent.perform("change-pin")
        equal(operation["error"]["code"], "pin-locked", "the code of the last try")
        equal(self.card.tries_left(), 0, "tries left")

    def ticket(self):
        return self.world.portal.reset_ticket(self.card)

    def reset(self):
        return self.agent.perform("reset-pin", self.ticket())

    def pin_state(self):
        return self.agent.token()["pin"]

    def renews(self, pin):
        """So that the PIN is known to be the right one."""
        self.agent.dialogs.replan(f"pin {pin}")
        operation = self.agent.perform("renew", self.world.ticket(self.card))
        equal(operation["state"], "done", f"the renewal with {pin} ({operation['error']})")

    def check_reset(self, operation, message=MESSAGE, default=True):
        equal(operation["state"], "done", f"the state ({operation['error']})")
        equal(operation["message"], message, "the message")
        equal(operation["result"]["pin_default"], default, "pin_default")
        state = self.pin_state()
        said = default and self.card.family.says_default(self.card.person.profile)
        equal((self.card.tries_left(), state["default"]), (self.card.tries()["max"], said), "left, default")
        check_admin(self.card)


# ---- reset ----


def reset(world, profile):
    locked = Locked(world, profile)
    locked.check_reset(locked.reset())
    question, offer = locked.agent.dialogs.shown()[-2:]
    for part in (locked.card.serial, world.portal.origin, "CA锁密码重置"):
        assert part in question["SETDESC"], f"{part!r} is missing in {question['SETDESC']!r}"
    equal((question["kind"], offer["kind"]), ("CONFIRM", "CONFIRM"), "the dialogs")
    locked.renews(PIN)


def reset_and_changed(world, profile):
    locked = Locked(world, profile, plan=("ok", "ok", f"pin {PIN}", f"new-pin {NEW_PIN}"))
    locked.check_reset(locked.reset(), CHANGED, default=False)
    locked.renews(NEW_PIN)


for profile in (*PROFILES, "piv-full", "piv-plain", "piv-odd"):
    suite.add(f"reset, {profile}, the offer declined", lambda w, p=profile: reset(w, p))
for profile in (*PROFILES, "piv-5.4"):
    suite.add(f"reset, {profile}, the PIN changed at once", lambda w, p=profile: reset_and_changed(w, p))


@suite.case("reset from the terminal, ticket on standard input")
def reset_by_terminal(world):
    locked = Locked(world)
    words = ["--json", "reset-pin", "--platform", PLATFORM]
    done = locked.agent.ctl(*words, input_text=locked.ticket() + "\n")
    locked.check_reset(json.loads(done.stdout))


@suite.case("a PIN that is not locked can be reset too")
def reset_unlocked(world):
    locked = Locked(world, lock=False)
    locked.check_reset(locked.reset())


@suite.case("reset declined in the dialog")
def declined(world):
    locked = Locked(world, plan=("not-ok",))
    untouched = Untouched(locked.card)
    operation = locked.reset()
    check_refused(locked.agent, operation, "prompt-cancelled", untouched, "cancelled")
    check_admin(locked.card)


@suite.case("the confirmation is lost: the platform hears it again")
def confirmation_lost(world):
    locked = Locked(world, spoiled=True)
    locked.platform.spoil("PUT", "/confirmation", faulty.act_then_hang_up, times=1)
    locked.check_reset(locked.agent.perform("reset-pin", locked.ticket(), seconds=120))


# ---- the key is lost between the reset and its answer ----


def break_off(locked, fault):
    """Starts a reset; the fault counts from UnblockPIN on."""

    def act(forward):
        answer = forward()
        locked.card.control("fault", *fault.split())
        return answer

    locked.platform.spoil(*UNBLOCK, act, times=1)
    return locked.agent.start_operation("reset-pin", locked.ticket())["id"]


def wait_asked_back(locked, operation):
    """Until the person is asked to put the key back."""
    locked.agent.wait_for(operation, lambda o: o["step"]["name"] == "verify" and o["state"] == "waiting-user")


def put_back(locked):
    locked.world.put_back(locked.agent, locked.card)


@suite.case("the answer to the reset is lost: the key says that it was done")
def answer_lost(world):
    locked = Locked(world, spoiled=True)
    operation = break_off(locked, "lose-after 1")
    over = locked.agent.wait_over(operation)
    world.wait_listed(locked.agent, locked.card)
    locked.check_reset(over)


@suite.case("the key is pulled out after the reset: it is told as done, and the platform hears of it")
def pulled_after_reset(world):
    locked = Locked(world, spoiled=True)
    over = locked.agent.wait_over(break_off(locked, "remove-at 2"))
    put_back(locked)
    locked.check_reset(over)
    assert any(path.endswith("/confirmation") for _, path, _ in locked.platform.answers)
    locked.renews(PIN)


@suite.case("the key is pulled out right before the reset: it says so when it is back")
def pulled_before_reset(world):
    locked = Locked(world, spoiled=True)
    operation = break_off(locked, "remove-at 1")
    wait_asked_back(locked, operation)
    put_back(locked)
    over = locked.agent.wait_over(operation)
    equal((over["error"]["code"], over["key_changed"]), ("key-removed", False), "the code, whether the key changed")
    equal(locked.card.tries_left(), 0, "tries left")
    check_admin(locked.card)


@suite.case("a key that was pulled out in the reset and stays away: nobody claims to know")
def stays_away(world):
    locked = Locked(world, spoiled=True)
    operation = break_off(locked, "remove-after 1")
    wait_asked_back(locked, operation)
    locked.agent.request("POST", f"/v1/operations/{operation}/cancel", {})
    over = locked.agent.wait_over(operation)
    equal((over["state"], over["error"]["code"]), ("failed", "reset-unclear"), "the state, the code")
    put_back(locked)
    equal(locked.pin_state()["left"], locked.pin_state()["max"], "tries left")


# ---- the administrator PIN stays where it is ----


def disguises(secrets):
    """Of {name: content}, in every form that a log or message could have."""
    found = {}
    for name, content in secrets.items():
        found[name] = content
        found[f"{name} in Base64"] = base64.b64encode(content)[: len(content) * 8 // 6]
        found[f"{name} in hex"] = content.hex().encode()
        found[f"{name} in HEX"] = content.hex().upper().encode()
    return found


def search(content, needles, where):
    for name, needle in needles.items():
        assert needle not in content, f"{name} stands in {where}"


def family_secrets(locked):
    """What only the platform's administrator knows of the key, and what it is used as."""
    card = locked.card
    return card.family.disguises(card.family.managed(locked.world.portal, card.person))


def secret_stays(world, profile):
    """The agent's memory is searched while its job with the platform is fresh, and at the end."""
    trace = world.case_folder / "key.trace"
    own_trace = world.case_folder / "agent.trace"
    locked = Locked(world, profile, spoiled=True, trace=trace, plan=("ok", "hang"), own_trace=own_trace)
    family, before = locked.card.family, family_secrets(locked)
    pid = locked.agent.process.pid
    started = locked.agent.start_operation("reset-pin", locked.ticket())
    locked.agent.wait_for(started["id"], lambda o: o["step"]["name"] == "offer" and o["state"] == "waiting-user")
    known = {"the key's serial": locked.card.serial.encode()}
    managed = family_secrets(locked)  # some of which the reset may have changed
    needles = disguises({**{f"the old one of {name}": content for name, content in before.items()}, **managed})
    kept = disguises({name: content for name, content in managed.items() if name not in family.delivered})
    for _ in range(2):
        equal(memory_scan.found_in(pid, needles), {}, "what the agent's memory holds")
        assert memory_scan.found_in(pid, known), "the scan finds nothing at all"
        locked.agent.request("POST", f"/v1/operations/{started['id']}/cancel", {})
        over = locked.agent.wait_over(started["id"])
    equal(over["message"], MESSAGE, "the message")
    unblocks = [path for _, path, _ in locked.platform.answers if path.endswith("/unblock")]
    equal(len(unblocks), 2 if profile == "syno" else 1, "answers of the platform to a challenge")
    search(b"\n".join(locked.platform.bodies), kept, "what agent and platform sent to each other")
    log = locked.agent.process.log_text()
    assert f"{started['id'][:8]} reset-pin: unblock" in log, "the log says nothing of the operation"
    search(log.encode(), needles, "the agent's log")
    masked = own_trace.read_text()
    assert family.unblock in masked.upper().replace(" ", ""), "the agent's trace lacks UnblockPIN"
    search(masked.upper().replace(" ", "").encode(), needles, "the agent's trace")
    text = trace.read_text().upper().replace(" ", "")
    assert family.unblock in text, "the trace lacks UnblockPIN"
    search(text.encode(), kept, "what was sent to the key")
    locked.agent.stop()
    files = [path for path in locked.agent.state.rglob("*") if path.is_file()]
    assert any(path.name.startswith("journal.db") for path in files), files
    for path in files:
        search(path.read_bytes(), needles, path.name)


for profile in (*PROFILES, "piv-full"):
    suite.add(f"the administrator's secrets are nowhere in the agent, {profile}",
              lambda w, p=profile: secret_stays(w, p))


# ---- answers that the key must refuse ----


def spoil_data(change):
    """change(data) in the platform's answer."""

    def edit(answer):
        answer["data"] = base64.b64encode(change(base64.b64decode(answer["data"]))).decode()

    return faulty.edited(edit)


def flip_last(data):
    return data[:-1] + bytes([data[-1] ^ 1])


# What a wrong answer costs the administrator: (a wrong UnblockPIN, a wrong log-in before it). Syno's
# device code counts nothing for a wrong MAC; its log-in is a VerifyPIN like any other.
COSTS = {"gmt0017-2012": (1, None), "longmai": (1, None), "syno": (0, 1)}


def check_unblock_refused(locked, operation, cost):
    equal(operation["error"]["code"], "unblock-refused", f"the code ({operation['error']['detail']})")
    equal(operation["state"], "failed", "the state")
    check_admin(locked.card, cost)
    equal(locked.card.tries_left(), 0, "tries left")


def wrong_blob(world, profile):
    locked = Locked(world, profile, spoiled=True)
    spoil_unblock(locked, profile, spoil_data(flip_last))
    check_unblock_refused(locked, locked.reset(), COSTS[profile][0])


def spoil_unblock(locked, profile, action):
    """The answer for UnblockPIN, not the one for the log-in before it."""
    if COSTS[profile][1] is not None:
        locked.platform.spoil(*UNBLOCK, lambda forward: forward(), times=1)
    locked.platform.spoil(*UNBLOCK, action, times=1)


def wrong_login(world):
    locked = Locked(world, "syno", spoiled=True)
    locked.platform.spoil(*UNBLOCK, spoil_data(flip_last), times=1)
    check_unblock_refused(locked, locked.reset(), COSTS["syno"][1])


def last_answer(platform):
    """The platform's latest answer to a challenge."""
    return [document for _, path, document in platform.answers if path.endswith("/unblock")][-1]


def replayed_blob(world, profile):
    """What worked once, at a key that was locked again."""
    locked = Locked(world, profile, spoiled=True)
    locked.check_reset(locked.reset())
    recorded = last_answer(locked.platform)
    locked.lock()
    locked.agent.dialogs.replan("ok", "cancel")
    spoil_unblock(locked, profile, faulty.edited(lambda answer: answer.update(recorded)))
    check_unblock_refused(locked, locked.reset(), COSTS[profile][0])


def stale_challenge(world, profile):
    """Computed for another challenge of the same key."""
    locked = Locked(world, profile, spoiled=True)
    stale = base64.b64encode(bytes(range(8))).decode()
    spoil_unblock(locked, profile, faulty.asked(lambda request: request.update(challenge=stale)))
    check_unblock_refused(locked, locked.reset(), COSTS[profile][0])


def other_keys_blob(world, profile):
    """Computed by the platform for another key, with that key's administrator PIN."""
    other = Locked(world, profile, spoiled=True)
    other.check_reset(other.reset())
    recorded = last_answer(other.platform)
    other.card.stop()
    world.wait_keys(other.agent, 0)
    other.agent.stop()
    locked = Locked(world, profile, spoiled=True)
    spoil_unblock(locked, profile, faulty.edited(lambda answer: answer.update(recorded)))
    check_unblock_refused(locked, locked.reset(), COSTS[profile][0])


for profile in PROFILES:
    for name, perform in {
        "a wrong blob": wrong_blob,
        "a replayed blob": replayed_blob,
        "a blob for a stale challenge": stale_challenge,
        "the blob of another key": other_keys_blob,
    }.items():
        suite.add(f"{name}, {profile}", lambda w, f=perform, p=profile: f(w, p))
suite.add("a wrong cryptogram for the administrator's log-in, syno", wrong_login)


def wrong_puk(world, profile):
    """The platform is asked once more, and knows of no other PUK that the token may have: one try is gone, no more."""
    locked = Locked(world, profile, spoiled=True)
    locked.platform.spoil(*UNBLOCK, spoil_data(lambda data: bytes([data[0] ^ 1]) + data[1:]), times=1)
    operation = locked.reset()
    asked = [request for request in locked.platform.requests if request.endswith("/unblock")]
    equal((len(asked), locked.card.tries_left("admin")), (2, 2), "questions, tries of the PUK that are left")
    equal((operation["state"], operation["error"]["code"]), ("failed", "administrator-tries-low"), "the state, the code")
    equal(locked.card.tries_left(), 0, "tries left")


def puk_answer_lost(world, profile):
    """The token has the next PUK and the platform does not know: the next reset finds out."""
    locked = Locked(world, profile, spoiled=True)
    over = locked.agent.wait_over(break_off(locked, "lose-after 1"))
    world.wait_listed(locked.agent, locked.card)
    if over["state"] != "done":
        locked.agent.dialogs.replan("ok", "cancel")
        over = locked.reset()
    locked.check_reset(over)


suite.add("a wrong PUK is told, and counted, piv-full", lambda world: wrong_puk(world, "piv-full"))
suite.add("the answer to the PUK's change is lost, piv-plain", lambda world: puk_answer_lost(world, "piv-plain"))


# ---- limits ----


def set_admin_left(locked, left):
    world, card = locked.world, locked.card
    world.replug(locked.agent, card, lambda: card.set_left(left, "admin"))
    card.control("stats", "clear")


def administrator_tries(world, profile, left, code):
    """Too few: no command that costs a try, and the platform is not asked to compute anything."""
    locked = Locked(world, profile, spoiled=True, plan=("cancel",))
    set_admin_left(locked, left)
    untouched = Untouched(locked.card)
    check_refused(locked.agent, locked.reset(), code, untouched)
    sent = {entry["name"] for entry in locked.card.control("stats")["instructions"]}
    assert sent and not sent & locked.card.family.costly, sent
    assert not any(request.endswith("/unblock") for request in locked.platform.requests)
    equal(locked.card.tries_left("admin"), left, "administrator tries left")


suite.add("the PUK is locked, piv-full",
          lambda world: administrator_tries(world, "piv-full", 0, "administrator-pin-locked"))
suite.add("the PUK has one try left, piv-full",
          lambda world: administrator_tries(world, "piv-full", 1, "administrator-tries-low"))
for profile in PROFILES:
    suite.add(f"the administrator PIN is locked, {profile}",
              lambda w, p=profile: administrator_tries(w, p, 0, "administrator-pin-locked"))
    suite.add(f"the administrator PIN has three tries left, {profile}",
              lambda w, p=profile: administrator_tries(w, p, 3, "administrator-tries-low"))


@suite.case("the platform computes nothing for an agent that goes on with three tries")
def platform_stops(world):
    locked = Locked(world, spoiled=True)
    locked.platform.spoil(*UNBLOCK, faulty.asked(lambda request: request.update(administrator_tries=3)))
    untouched = Untouched(locked.card)
    check_refused(locked.agent, locked.reset(), "administrator-tries-low", untouched)
    assert any(request.endswith("/unblock") for request in locked.platform.requests)
    check_admin(locked.card)


@suite.case("four administrator tries are enough for a reset")
def four_tries(world):
    locked = Locked(world)
    set_admin_left(locked, 4)
    equal(locked.reset()["message"], MESSAGE, "the message")


@suite.case("the platform resets a key only so often a day")
def limit_of_a_day(world):
    locked = Locked(world)
    for _ in range(RESETS_A_DAY):
        locked.agent.dialogs.replan("ok", "cancel")
        locked.check_reset(locked.reset())
    locked.agent.dialogs.replan("ok")
    untouched = Untouched(locked.card)
    check_refused(locked.agent, locked.reset(), "reset-limit", untouched)
    check_admin(locked.card)


# ---- approval ----


def command_refused(world, code, *words):
    """An administrator's command that must fail with the code."""
    done = run([world.portal.program, "--folder", world.portal.folder, *words], ok=None)
    assert done.returncode != 0 and code in done.stderr.decode(), f"{words}: {done}"


def audited(world):
    """[(event, subject, detail)] of the trail, whose chain holds."""
    world.portal.admin("audit", "verify")
    return [(line["event"], line["subject"], line["detail"]) for line in world.portal.admin("audit", "list")]


@suite.case("where a reviewer approves, there is no ticket before, and it is for who asked")
def reviewed(world):
    locked = Locked(world)
    admin, serial = world.portal.admin, locked.card.serial
    admin("reset", "policy", "--approval", "reviewer")
    try:
        asked = admin("reset", "add", "--serial", serial, "--user", "张三")
        equal(asked["state"], "requested", "the state of the request")
        ticket = ["ticket", "add", "--kind", "reset-pin", "--serial", serial, "--user"]
        command_refused(world, "order-not-approved", *ticket, "张三")
        admin("reset", "approve", "--id", str(asked["id"]))
        command_refused(world, "order-not-approved", *ticket, "李四")
        locked.check_reset(locked.agent.perform("reset-pin", admin(*ticket, "张三")["ticket"]))
        command_refused(world, "order-not-approved", *ticket, "张三")
    finally:
        admin("reset", "policy", "--approval", "automatic")
    trail = audited(world)
    number = f"R{asked['id']:06}"
    states = [event for event, subject, _ in trail if subject == number]
    equal(states, ["reset.requested", "reset.approved", "ticket.issued", "reset.done"], "the trail of the request")


@suite.case("answers stand in the audit trail by their hash, refusals with their reason")
def answers_audited(world):
    locked = Locked(world, spoiled=True)
    locked.check_reset(locked.reset())
    data = base64.b64decode(last_answer(locked.platform)["data"])
    locked.platform.spoil(*UNBLOCK, faulty.asked(lambda request: request.update(administrator_tries=2)))
    locked.agent.dialogs.replan("ok")
    equal(locked.reset()["error"]["code"], "administrator-tries-low", "the code of the second reset")
    trail = audited(world)
    of_key = [(event, detail) for event, subject, detail in trail if subject == locked.card.serial]
    (answered,) = [detail for event, detail in of_key if event == "reset.answered"]
    assert answered.lower().endswith(hashlib.sha256(data).hexdigest()), answered
    (refused,) = [detail for event, detail in of_key if event == "reset.refused"]
    assert "administrator-tries-low, 2 administrator tries" in refused, refused


@suite.case("the ticket of another key resets nothing")
def other_keys_ticket(world):
    locked = Locked(world, plan=("cancel",))
    other = world.card(managed=True, plugged=False)
    untouched = Untouched(locked.card)
    operation = locked.agent.perform("reset-pin", world.portal.reset_ticket(other))
    check_refused(locked.agent, operation, "wrong-key", untouched)


@suite.case("a ticket resets once")
def ticket_used(world):
    locked = Locked(world)
    ticket = locked.ticket()
    locked.check_reset(locked.agent.perform("reset-pin", ticket))
    locked.agent.dialogs.replan("cancel")
    untouched = Untouched(locked.card)
    check_refused(locked.agent, locked.agent.perform("reset-pin", ticket), "ticket-used", untouched)


# ---- change ----


class Known:
    """A key whose person knows the PIN and wants another one."""

    def __init__(self, world, *plan, profile="gmt0017-2012"):
        self.world = world
        self.card = world.card(profile=profile, pin=OWN_PIN)
        self.agent = world.agent(world.dialogs(*plan))

    def check_changed(self, operation, pin=NEW_PIN):
        equal(operation["state"], "done", f"the state ({operation['error']})")
        equal(operation["message"], CHANGE_MESSAGE, "the message")
        equal(operation["result"]["pin_default"], False, "pin_default")
        equal((self.card.tries_left(), self.agent.token()["pin"]["default"]), (self.card.tries()["max"], False), "left, default")
        log = self.agent.process.log_text()
        assert pin not in log and OWN_PIN not in log, "a PIN is in the log"
        self.agent.dialogs.replan(f"pin {pin}")
        renewed = self.agent.perform("renew", self.world.ticket(self.card))
        equal(renewed["state"], "done", f"the renewal with the new PIN ({renewed['error']})")

    def errors(self):
        return [dialog["SETERROR"] for dialog in self.agent.dialogs.shown()]


def change(world, profile):
    known = Known(world, f"pin {OWN_PIN}", f"new-pin {NEW_PIN}", profile=profile)
    known.check_changed(known.agent.perform("change-pin"))


for profile in (*PROFILES, "piv-full", "piv-plain"):
    suite.add(f"change, {profile}", lambda w, p=profile: change(w, p))


@suite.case("change from the terminal")
def change_by_terminal(world):
    known = Known(world, f"pin {OWN_PIN}", f"new-pin {NEW_PIN}")
    known.check_changed(json.loads(known.agent.ctl("--json", "change-pin").stdout))


@suite.case("change where the dialog has no second entry")
def change_in_two_dialogs(world):
    typed = (f"simple pin {NEW_PIN}", "simple pin 264819", f"simple pin {NEW_PIN}", f"simple pin {NEW_PIN}")
    known = Known(world, f"pin {OWN_PIN}", *typed)
    known.check_changed(known.agent.perform("change-pin"))
    assert "不一致" in known.errors()[3], known.errors()


RULES = (
    ("12345", "新密码太短"),
    ("1" * 17, "新密码太长"),
    (OWN_PIN, "新密码不能与原密码相同"),
    ("123456", "新密码不能是初始密码"),
    ("777777", "新密码不能只由一个字符重复组成"),
    ("234567", "新密码不能是连续的数字或字母"),
    ("fedcba", "新密码不能是连续的数字或字母"),
    ("密码密码", "新密码只能包含键盘上的字母、数字和符号"),
)


@suite.case("a new PIN against the rules is refused in the dialog, each with its reason")
def rules(world):
    refused = [f"new-pin {pin}" for pin, _ in RULES]
    known = Known(world, f"pin {OWN_PIN}", *refused, f"new-pin {NEW_PIN}")
    operation = known.agent.perform("change-pin")
    equal(known.errors(), ["", "", *(reason for _, reason in RULES)], "what the dialogs say")
    known.check_changed(operation)


@suite.case("the person gives up over the rules: the PIN stays")
def rules_then_cancel(world):
    known = Known(world, f"pin {OWN_PIN}", "new-pin 777777", "cancel")
    untouched = Untouched(known.card)
    operation = known.agent.perform("change-pin")
    check_refused(known.agent, operation, "prompt-cancelled", untouched, "cancelled")


@suite.case("a wrong old PIN costs one try, and the next dialog says so")
def wrong_old_pin(world):
    known = Known(world, f"pin {WRONG_PIN}", "cancel")
    untouched = Untouched(known.card)
    operation = known.agent.perform("change-pin")
    check_refused(known.agent, operation, "prompt-cancelled", untouched, "cancelled", wrong_pins=1)
    assert f" {known.card.tries_left()} " in known.errors()[1], known.errors()
    known.agent.dialogs.replan(f"pin {OWN_PIN}", f"new-pin {NEW_PIN}")
    known.check_changed(known.agent.perform("change-pin"))


@suite.case("a locked PIN can't be changed, and no dialog opens")
def change_of_locked(world):
    locked = Locked(world, plan=("cancel",))
    dialogs = len(locked.agent.dialogs.shown())
    check_refused(locked.agent, locked.agent.perform("change-pin"), "pin-locked", Untouched(locked.card))
    equal(len(locked.agent.dialogs.shown()), dialogs, "dialogs")
