"""Orders by the pages' interface: the manual's way with a real key, every way that it does not allow, other
organisations, files that are not what they say, lists that are tampered with, and two browsers at once."""

import io
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from card import Card, Person
from cases import Suite, equal
from picture import png
from web_client import Visitor, add_user

suite = Suite()

OWN, OTHER = "阳光测试有限公司", "山羽东产权测试"
INVOICE = {"title": OWN, "tax_number": "91370000MA3C000000"}
EDITING, REVIEW, APPROVED, REJECTED = "编辑中", "待审核", "审核通过", "审核不通过"
MIB = 1024 * 1024
RACERS = 8


class Desk:
    """Two bidders of one organisation, one of another, and a reviewer, each with a browser."""

    def __init__(self, world):
        self.world = world
        self.portal = world.portal
        for organisation in (OWN, OTHER):
            if organisation not in self.portal.organisations:
                self.portal.admin("organisation", "add", "--name", organisation)
                self.portal.organisations.add(organisation)
        self.bidder = self.visitor("zhang", "bidder", OWN)
        self.colleague = self.visitor("wang", "bidder", OWN)
        self.stranger = self.visitor("li", "bidder", OTHER)
        self.reviewer = self.visitor("shen", "reviewer", None)

    def visitor(self, name, role, organisation):
        login = f"{name}.{self.world.number}"
        add_user(self.portal, login, role, organisation)
        return self.browser(login)

    def browser(self, login):
        visitor = Visitor(self.portal.origin, self.portal.tls_ca)
        visitor.log_in(login)
        visitor.login = login
        return visitor

    def order(self, card, state=EDITING, paid=False):
        """A new order for the card, brought into this state; its number."""
        number = done(self.bidder.ask("POST", "/orders", {"serial": card.serial}), 201)["number"]
        if paid or state != EDITING:
            self.pay(number)
        if state == EDITING:
            return number
        done(self.bidder.ask("PUT", f"/orders/{number}", {"invoice": INVOICE}))
        done(self.bidder.ask("POST", f"/orders/{number}/submit", {}))
        if state == APPROVED:
            done(self.reviewer.ask("POST", f"/orders/{number}/approve", {}))
        if state == REJECTED:
            done(self.reviewer.ask("POST", f"/orders/{number}/reject", {"reason": "资料不全"}))
        return number

    def pay(self, number):
        self.portal.admin("order", "pay", "--order", number)

    def database(self):
        return sqlite3.connect(f"file:{self.portal.folder}/portal.db?mode=ro", uri=True)

    def counts(self):
        """What must not change when something is refused."""
        with self.database() as database:
            names = ("renewal_order", "approval_record", "invoice", "attachment", "ticket", "audit")
            return {n: database.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}

    def files(self, number):
        folder = self.portal.folder / "attachments" / number
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def done(answer, status=200):
    equal(answer.status, status, f"the status ({answer.body.decode(errors='replace')[:400]})")
    return answer.json if answer.body else None


def refused(answer, code):
    equal(answer.code, code, "the refusal")
    for member in ("title", "remedy"):
        assert answer.json[member], f"no {member} in {answer.body!r}"


def cold_card(world, slot=0, **person):
    """Known to the platform, not plugged in: most cases need no more."""
    return world.card(slot, plugged=False, **person)


# ---- the manual's way ----


@suite.case("an order's whole life, with the key renewed and its seal extended")
def whole_life(world):
    desk = Desk(world)
    card = cold_card(world)
    world.put_seal(card, png())
    card.plug_in()
    agent = world.agent()
    number = done(desk.bidder.ask("POST", "/orders", {"serial": card.serial}), 201)["number"]
    at = f"/orders/{number}"
    form = done(desk.bidder.ask("GET", at))
    equal((form["state"], form["paid"], form["months"]), (EDITING, False, 12), "a new order")
    equal(form["can"]["pay"] and form["can"]["edit"] and not form["can"]["submit"], True, "can")
    done(desk.bidder.ask("PUT", at, {"months": 24, "invoice": INVOICE}))
    done(desk.bidder.ask("PUT", f"{at}/attachments/a.png", png(), Content_Type="image/png"), 201)
    desk.pay(number)
    done(desk.bidder.ask("POST", f"{at}/submit", {}))
    equal(done(desk.reviewer.ask("GET", at))["can"]["approve"], True, "the reviewer can approve")
    done(desk.reviewer.ask("POST", f"{at}/reject", {"reason": "请重新上传"}))
    form = done(desk.bidder.ask("GET", at))
    equal((form["state"], form["reason"]), (REJECTED, "请重新上传"), "sent back")
    done(desk.bidder.ask("POST", f"{at}/submit", {}))
    done(desk.reviewer.ask("POST", f"{at}/approve", {}))
    form = done(desk.bidder.ask("GET", at))
    equal((form["renewable"], form["can"]["renew"]), (True, True), "延期 is offered")
    promised = form["not_after"]

    ticket = done(desk.bidder.ask("POST", f"{at}/ticket", {"kind": "renew"}), 201)
    equal(ticket["serial"], card.serial, "the ticket's key")
    operation = agent.perform("renew", ticket["ticket"])
    equal(operation["state"], "done", f"the renewal ({operation['error']})")

    form = done(desk.bidder.ask("GET", at))
    equal((form["renewable"], form["can"]["renew"]), (False, False), "延期 is over")
    equal(form["not_after"], promised, "the end that was promised")
    assert form["renewed"], "no time of the renewal"
    refused(desk.bidder.ask("POST", f"{at}/ticket", {"kind": "renew"}), "order-finished")
    steps = [(a["actor"].rpartition(":")[2], a["to"]) for a in form["approvals"][1:]]
    bidder, reviewer = desk.bidder.login, desk.reviewer.login
    wanted = [(bidder, REVIEW), (reviewer, REJECTED), (bidder, REVIEW), (reviewer, APPROVED)]
    equal(steps, wanted, "who decided what")

    key = done(desk.bidder.ask("GET", f"/keys/{card.serial}"))
    equal((key["due"], [seal["bound"] for seal in key["seals"]]), (False, [False]), "the key")
    asked = {"kind": "extend-seal", "seal": key["seals"][0]["id"]}
    ticket = done(desk.bidder.ask("POST", f"/keys/{card.serial}/ticket", asked), 201)
    operation = agent.perform("extend-seal", ticket["ticket"])
    equal(operation["state"], "done", f"the seal ({operation['error']})")
    key = done(desk.bidder.ask("GET", f"/keys/{card.serial}"))
    equal([seal["bound"] for seal in key["seals"]], [True], "the extended seal")
    desk.order(card)


@suite.case("a PIN reset is asked for on the page and its ticket is the asker's alone")
def reset(world):
    desk = Desk(world)
    card = world.card(managed=True)
    agent = world.agent()
    asked = done(desk.bidder.ask("POST", f"/keys/{card.serial}/resets", {}), 201)
    equal(asked["state"], "approved", "approved at once")
    at = f"/resets/{asked['id']}/ticket"
    refused(desk.colleague.ask("POST", at, {}), "no-such-record")
    refused(desk.stranger.ask("POST", at, {}), "no-such-record")
    refused(desk.reviewer.ask("POST", at, {}), "role-refused")
    ticket = done(desk.bidder.ask("POST", at, {}), 201)
    operation = agent.perform("reset-pin", ticket["ticket"])
    equal(operation["state"], "done", f"the reset ({operation['error']})")
    refused(desk.bidder.ask("POST", at, {}), "order-not-approved")


@suite.case("a key has one open order, and the refusal names it")
def one_open(world):
    desk = Desk(world)
    card = cold_card(world)
    number = desk.order(card)
    for visitor in (desk.bidder, desk.colleague):
        answer = visitor.ask("POST", "/orders", {"serial": card.serial})
        refused(answer, "order-open")
        assert number in answer.json["detail"], answer.json["detail"]


# ---- what is not the manual's way ----

STATES = (("editing", EDITING, False), ("paid", EDITING, True), ("review", REVIEW, True),
          ("approved", APPROVED, True), ("rejected", REJECTED, True))
UNAPPROVED = "order-not-approved"
# Who, what, and the refusal in each state; None: allowed.
STEPS = (
    ("bidder", "POST", "submit", {}, ("order-unpaid", "invoice-incomplete", "order-state", "order-state", None)),
    ("bidder", "PUT", "", {"invoice": INVOICE}, (None, None, "order-state", "order-state", None)),
    ("bidder", "PUT", "", {"months": 24}, (None, "order-paid", "order-state", "order-state", "order-paid")),
    ("bidder", "PUT", "attachments/b.png", png(), (None, None, "order-state", "order-state", None)),
    ("bidder", "DELETE", "attachments/a.png", None, (None, None, "order-state", "order-state", None)),
    ("bidder", "POST", "ticket", {"kind": "renew"}, (UNAPPROVED, UNAPPROVED, UNAPPROVED, None, UNAPPROVED)),
    ("bidder", "POST", "ticket", {"kind": "check"}, (UNAPPROVED, UNAPPROVED, UNAPPROVED, None, UNAPPROVED)),
    ("bidder", "POST", "approve", {}, ("role-refused",) * 5),
    ("bidder", "POST", "reject", {"reason": "x"}, ("role-refused",) * 5),
    ("reviewer", "POST", "approve", {}, ("order-state", "order-state", None, "order-state", "order-state")),
    ("reviewer", "POST", "reject", {"reason": "x"}, ("order-state", "order-state", None, "order-state", "order-state")),
    ("reviewer", "POST", "reject", {}, ("field-missing",) * 5),
    ("reviewer", "POST", "reject", {"reason": "  "}, ("field-missing",) * 5),
    ("reviewer", "POST", "submit", {}, ("role-refused",) * 5),
    ("reviewer", "PUT", "", {"invoice": INVOICE}, ("role-refused",) * 5),
    ("reviewer", "PUT", "attachments/b.png", png(), ("role-refused",) * 5),
    ("reviewer", "DELETE", "attachments/a.png", None, ("role-refused",) * 5),
    ("reviewer", "POST", "ticket", {"kind": "renew"}, ("role-refused",) * 5),
    ("stranger", "GET", "", None, ("no-such-record",) * 5),
    ("stranger", "PUT", "", {"invoice": INVOICE}, ("no-such-record",) * 5),
    ("stranger", "POST", "submit", {}, ("no-such-record",) * 5),
    ("stranger", "POST", "ticket", {"kind": "renew"}, ("no-such-record",) * 5),
    ("stranger", "GET", "attachments/a.png", None, ("no-such-record",) * 5),
    ("stranger", "PUT", "attachments/b.png", png(), ("no-such-record",) * 5),
    ("stranger", "DELETE", "attachments/a.png", None, ("no-such-record",) * 5),
)


def out_of_order(place, state, paid):
    def perform(world):
        desk = Desk(world)
        for i, (who, method, what, body, codes) in enumerate(STEPS):
            card = Card(world.programs, world.case_folder, person(world, i), world.portal.issuer("sm2"))
            world.portal.register(card)
            number = with_attachment(desk, card, state, paid)
            headers = {"Content_Type": "image/png"} if isinstance(body, bytes) else {}
            before = desk.counts(), desk.files(number)
            answer = getattr(desk, who).ask(method, f"/orders/{number}/{what}".rstrip("/"), body, **headers)
            if codes[place] is None:
                assert answer.status < 300, f"{who} {method} {what}: {answer.body!r}"
                continue
            equal(answer.code, codes[place], f"{who} {method} {what}")
            equal((desk.counts(), desk.files(number)), before, f"what {who} {method} {what} left behind")

    return perform


def person(world, i):
    return Person(serial=f"S{world.number:04d}{i:03d}", single=True)


def with_attachment(desk, card, state, paid):
    """The order was once editable: it has its a.png in every state."""
    number = done(desk.bidder.ask("POST", "/orders", {"serial": card.serial}), 201)["number"]
    done(desk.bidder.ask("PUT", f"/orders/{number}/attachments/a.png", png(), Content_Type="image/png"), 201)
    if paid:
        desk.pay(number)
    if state == EDITING:
        return number
    done(desk.bidder.ask("PUT", f"/orders/{number}", {"invoice": INVOICE}))
    done(desk.bidder.ask("POST", f"/orders/{number}/submit", {}))
    if state != REVIEW:
        step = "approve" if state == APPROVED else "reject"
        reason = {} if state == APPROVED else {"reason": "x"}
        done(desk.reviewer.ask("POST", f"/orders/{number}/{step}", reason))
    return number


for place, (name, state, paid) in enumerate(STATES):
    suite.add(f"every step by everybody in the state {name}", out_of_order(place, state, paid))


@suite.case("price, state and payment can't be named by the browser")
def forged_fields(world):
    desk = Desk(world)
    number = desk.order(cold_card(world))
    before = desk.counts()
    for field in ({"fee_fen": 1}, {"paid": True}, {"state": APPROVED}, {"key": "replace"}, {"organisation_id": 1}):
        refused(desk.bidder.ask("PUT", f"/orders/{number}", field), "field-unknown")
        refused(desk.bidder.ask("POST", f"/orders/{number}/submit", field), "field-unknown")
        refused(desk.bidder.ask("POST", "/orders", {"serial": "x", **field}), "field-unknown")
    equal(desk.counts(), before, "what was left behind")


# ---- other organisations ----


@suite.case("another organisation's keys, orders and lists are not there")
def foreign(world):
    desk = Desk(world)
    card = cold_card(world)
    number = desk.order(card)
    missing = "20200101999999"
    refused(desk.stranger.ask("POST", "/orders", {"serial": card.serial}), "no-such-record")
    there, gone = (desk.stranger.ask("GET", f"/orders/{n}") for n in (number, missing))
    equal(there.body.replace(number.encode(), b""), gone.body.replace(missing.encode(), b""), "the answers")
    refused(desk.stranger.ask("GET", f"/keys/{card.serial}"), "no-such-record")
    refused(desk.stranger.ask("POST", f"/keys/{card.serial}/resets", {}), "no-such-record")
    refused(desk.stranger.ask("POST", f"/keys/{card.serial}/ticket", {"kind": "extend-seal"}), "no-such-record")
    for path in ("/orders", "/keys", "/resets", f"/orders?search={number}", f"/keys?search={card.serial}"):
        equal(done(desk.stranger.ask("GET", path))["items"], [], path)
    cursor = done(desk.bidder.ask("GET", "/orders?limit=1"))["next"]
    if cursor:
        equal(done(desk.stranger.ask("GET", f"/orders?after={cursor}"))["items"], [], "another's cursor")


# ---- lists ----


@suite.case("cursors and searches that were tampered with")
def tampered(world):
    desk = Desk(world)
    cards = [cold_card(world, single=True) for _ in range(3)]
    numbers = {desk.order(card) for card in cards}
    first = done(desk.bidder.ask("GET", "/orders?limit=1"))
    cursor = first["next"]
    for bad in ("", "x", cursor[:-1], cursor + "0", cursor.upper(), "k" + cursor[1:], "o" + "f" * 16, "o" + "0" * 16,
                "o000000000000001' --", "%00"):
        code = "bad-request" if bad == "%00" else "cursor"
        refused(desk.bidder.ask("GET", f"/orders?after={bad if bad == '%00' else quote(bad)}"), code)
    refused(desk.bidder.ask("GET", f"/orders?after={cursor}&before={cursor}"), "field-value")
    for limit in ("0", "101", "-1", "x", "1.0", ""):
        refused(desk.bidder.ask("GET", f"/orders?limit={limit}"), "field-value")
    for hostile in ("' OR 1=1 --", '" OR "', "*", "%", "_", "NEAR(a b)", "a AND b", "number:2", "o1", "(", "\\",
                    "'; DROP TABLE renewal_order; --"):
        equal(done(desk.bidder.ask("GET", f"/orders?search={quote(hostile)}"))["items"], [], hostile)
    for part in (min(numbers), cards[0].serial, "阳光", "有限公司", "光", "张三", "Ｔ0"):
        found = done(desk.bidder.ask("GET", f"/orders?limit=100&search={quote(part)}"))["items"]
        assert found, f"nothing has {part}"
    listed = done(desk.bidder.ask("GET", "/orders?limit=100"))["items"]
    assert numbers <= {order["number"] for order in listed}


@suite.case("a list that changes while one pages shows no row twice")
def moving(world):
    desk = Desk(world)
    cards = [cold_card(world, single=True) for _ in range(6)]
    numbers = [desk.order(card) for card in cards]
    page = done(desk.bidder.ask("GET", "/orders?limit=3"))
    seen = [order["number"] for order in page["items"]]
    equal(seen, numbers[:2:-1], "the newest three")
    done(desk.bidder.ask("PUT", f"/orders/{seen[1]}", {"months": 24}))
    page = done(desk.bidder.ask("GET", f"/orders?limit=3&after={page['next']}"))
    equal([order["number"] for order in page["items"]], numbers[2::-1], "the three before")
    page = done(desk.bidder.ask("GET", f"/orders?limit=3&before={page['previous']}"))
    assert len({order["number"] for order in page["items"]}) == len(page["items"])


# ---- attachments ----


def pdf(body=b""):
    start = b"%PDF-1.4\n1 0 obj<<>>endobj\n" + body
    return start + b"xref\n0 1\ntrailer<<>>\nstartxref\n%d\n%%%%EOF\n" % len(start)


def zipped(comment=b""):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a.html", "<script>alert(1)</script>")
        archive.comment = comment
    return memory.getvalue()


def zip_in_pdf():
    """A PDF by its start and end, an archive by its end of directory, whose comment is the PDF's end."""
    archive = zipped()
    ending = b"\nxref\nstartxref\n%d\n%%%%EOF"
    start = b"%PDF-1.4\n"
    tail = ending % (len(start) + len(archive) + 1)
    return start + archive[:-2] + len(tail).to_bytes(2, "little") + tail


HOSTILE = (
    ("a page", "a.pdf", "application/pdf", b"<!DOCTYPE html><script>alert(1)</script>"),
    ("a page that begins like a picture", "a.png", "image/png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"),
    ("a page behind a picture", "a.png", "image/png", png() + b"<script>alert(1)</script>"),
    ("an archive behind a picture", "a.png", "image/png", png() + zipped()),
    ("an archive inside of a PDF", "a.pdf", "application/pdf", zip_in_pdf()),
    ("a PDF that does not begin at its first byte", "a.pdf", "application/pdf", b"GIF89a" + pdf()),
    ("a picture that is called a PDF", "a.pdf", "application/pdf", png()),
    ("a PDF that is sent as a picture", "a.pdf", "image/png", pdf()),
    ("a PDF that is called a program", "a.exe", "application/pdf", pdf()),
    ("a program", "a.pdf", "application/pdf", b"\x7fELF" + b"\0" * 100),
    ("an empty file", "a.pdf", "application/pdf", b""),
    ("half of a picture", "a.png", "image/png", png()[:-20]),
    ("SVG", "a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
)


@suite.case("files that are not what they say")
def hostile_files(world):
    desk = Desk(world)
    number = desk.order(cold_card(world))
    before = desk.counts()
    for what, name, content_type, content in HOSTILE:
        answer = desk.bidder.ask("PUT", f"/orders/{number}/attachments/{name}", content, Content_Type=content_type)
        equal(answer.code, "attachment-type", what)
    equal(desk.files(number), [], "files")
    equal(desk.counts(), before, "what was left behind")


@suite.case("names that are paths, or hide what they are")
def hostile_names(world):
    desk = Desk(world)
    number = desk.order(cold_card(world))
    refusals = {
        "not-found": ("../a.png", "..", "x/../../a.png", "/etc/passwd.png", "a\\b.png", ".hidden.png", "a\nb.png",
                      "长" * 90 + ".png"),
        "attachment-name": ("a\u202egnp.png", "a\u200b.png", "a:b.png", "a\u2028.png", " a.png", "长" * 43 + ".png"),
    }
    for code, names in refusals.items():
        for name in names:
            path = f"/orders/{number}/attachments/{quote(name, safe='')}"
            refused(desk.bidder.ask("PUT", path, png(), Content_Type="image/png"), code)
            assert desk.bidder.ask("GET", path).status == 404, name
    equal(desk.files(number), [], "files")
    name = "营业执照 (副本) 100%.png"
    path = f"/orders/{number}/attachments/{quote(name, safe='')}"
    equal(done(desk.bidder.ask("PUT", path, png(), Content_Type="image/png"), 201)["name"], name, "the name")
    answer = desk.reviewer.ask("GET", path)
    equal((answer.status, answer.body), (200, png()), "the download")
    assert answer.headers["Content-Disposition"].startswith("attachment"), answer.headers
    equal(len(desk.files(number)), 1, "files")


@suite.case("quotas: five MiB a file, ten files an order")
def quotas(world):
    desk = Desk(world)
    number = desk.order(cold_card(world))
    at = f"/orders/{number}/attachments"

    def put(name, content):
        return desk.bidder.ask("PUT", f"{at}/{name}", content, Content_Type="application/pdf")

    done(put("0.pdf", pdf() + b"\n" * (5 * MIB - len(pdf()))), 201)
    refused(put("1.pdf", b"%PDF-" + b"x" * (5 * MIB)), "too-large")
    for i in range(1, 10):
        done(put(f"{i}.pdf", pdf()), 201)
    refused(put("10.pdf", pdf()), "attachment-limit")
    done(put("9.pdf", pdf(b"2 0 obj<<>>endobj\n")), 201)
    equal(len(desk.files(number)), 10, "files")
    equal(desk.bidder.ask("DELETE", f"{at}/0.pdf").status, 204, "deleting")
    done(put("10.pdf", pdf()), 201)
    equal(len(desk.files(number)), 10, "files")


# ---- at once ----


def at_once(calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@suite.case("many browsers at once: one order, one submission, one decision, one file")
def races(world):
    desk = Desk(world)
    card = cold_card(world)
    browsers = [desk.browser(desk.bidder.login) for _ in range(RACERS)]
    answers = at_once([lambda b=b: b.ask("POST", "/orders", {"serial": card.serial}) for b in browsers])
    equal(sorted(a.status for a in answers), [201] + [409] * (RACERS - 1), "new orders")
    number = next(a.json["number"] for a in answers if a.status == 201)
    at = f"/orders/{number}"
    answers = at_once([lambda b=b: b.ask("PUT", f"{at}/attachments/a.png", png(), Content_Type="image/png")
                       for b in browsers])
    equal({a.status for a in answers}, {201}, "uploads")
    equal(len(desk.files(number)), 1, "files")
    desk.pay(number)
    done(desk.bidder.ask("PUT", at, {"invoice": INVOICE}))
    answers = at_once([lambda b=b: b.ask("POST", f"{at}/submit", {}) for b in browsers])
    equal(sorted(a.status for a in answers), [200] + [409] * (RACERS - 1), "submissions")
    reviewers = [desk.browser(desk.reviewer.login) for _ in range(RACERS)]
    answers = at_once([lambda r=r, i=i: r.ask("POST", f"{at}/{'approve' if i % 2 else 'reject'}",
                                              {} if i % 2 else {"reason": "x"}) for i, r in enumerate(reviewers)])
    equal(sorted(a.status for a in answers), [200] + [409] * (RACERS - 1), "decisions")
    form = done(desk.bidder.ask("GET", at))
    equal(len(form["approvals"]), 3, "approval records")
    equal(form["approvals"][-1]["to"], form["state"], "the state")
    desk.portal.admin("audit", "verify")
