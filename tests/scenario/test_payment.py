"""Payment with the real portal and the real sandbox service: whatever becomes of notifications, browsers and
processes, an order is paid once, for its fee, and money that is not the order's goes back."""

import base64
import json
import os
import socket
import sqlite3
import ssl
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import faulty_portal as faulty
from cases import Suite, equal
from faulty_portal import FaultyPortal
from pcscd import free_port
from processes import run, wait_until
from sandbox import ANSWER, NOTIFICATION, Sandbox, fact
from web_client import API, Visitor, add_user

suite = Suite()

FEE = 24000  # of twelve months at the default tariff
PAUSE = 100  # seconds after which the portal asks by itself


class Scene:
    """A bidder with an order in 编辑中, and a running payment service."""

    def __init__(self, world):
        self.world = world
        self.portal = world.portal
        self.card = world.card(plugged=False)
        if world.portal.listen.endswith(":0"):  # the first case of this world
            world.portal.listen = f"127.0.0.1:{free_port()}"
        world.portal.stop()
        self.sandbox = world.keep(Sandbox(world.programs, world.case_folder / "pay", world.portal))
        world.portal.start()
        self.sandbox.start()
        self.login = f"bidder.{world.number}"
        add_user(self.portal, self.login, "bidder", self.card.person.organisation)
        self.visitor = self.new_visitor()
        self.number = self.visitor_ok("POST", "/orders", {"serial": self.card.serial})["number"]

    def new_visitor(self):
        visitor = Visitor(self.portal.origin, self.portal.tls_ca)
        visitor.log_in(self.login)
        return visitor

    def visitor_ok(self, method, path, data=None):
        answer = self.visitor.ask(method, path, data)
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {answer.body!r}"
        return answer.json

    @property
    def order(self):
        return self.visitor_ok("GET", f"/orders/{self.number}")

    def payment_url(self):
        return self.visitor_ok("POST", f"/orders/{self.number}/payment", {})["url"]

    def refresh(self):
        return self.visitor.ask("POST", f"/orders/{self.number}/payment/refresh", {})

    def refreshed(self):
        answer = self.refresh()
        equal(answer.status, 200, f"the refresh ({answer.body!r})")
        return answer.json

    def set_months(self, months):
        self.visitor_ok("PUT", f"/orders/{self.number}", {"months": months})

    def pay(self):
        """Pays the present attempt at the service; its trade."""
        url = self.payment_url()
        trade = self.payments()[-1]["trade"]
        back = self.sandbox.payer().pay(url)
        equal(back, f"{self.portal.origin}/orders/{self.number}", "where the browser goes back to")
        return trade

    def payments(self):
        return self.portal.admin("payment", "list", "--order", self.number)

    def payment(self, trade):
        return next(p for p in self.payments() if p["trade"] == trade)

    def start_trade(self):
        """An attempt that nobody pays; its trade."""
        self.payment_url()
        return self.payments()[-1]["trade"]

    def wait_paid(self):
        wait_until(lambda: self.order["paid"], 20, "the order is paid")

    def wait_state(self, trade, state):
        wait_until(lambda: self.payment(trade)["state"] == state, 20, f"{trade} is {state}")

    def deliver(self, envelope):
        """A notification from anywhere."""
        return self.new_browser().send(
            "POST", f"{API}/payments/notify/sandbox", envelope, {"Content-Type": "application/json"}
        )

    def new_browser(self):
        return Visitor(self.portal.origin, self.portal.tls_ca)

    def audited(self, event, subject):
        lines = self.portal.admin("audit", "list")
        return sum(line["event"] == event and line["subject"] == subject for line in lines)

    def check_paid_once(self, trade):
        order = self.order
        equal(order["paid"], True, "paid")
        equal(self.payment(trade)["state"], "paid", "the payment's state")
        equal(self.audited("order.paid", self.number), 1, "how often it was noted as paid")
        equal(self.audited("payment.paid", trade), 1, "how often the payment was noted")
        self.portal.admin("audit", "verify")

    def check_unpaid(self):
        equal(self.order["paid"], False, "paid")
        equal(self.audited("order.paid", self.number), 0, "notes of a payment")


@contextmanager
def later(seconds):
    """Programs that are started inside see a clock that stands at so many seconds from now."""
    os.environ["UKEYD_TEST_NOW"] = str(int(time.time()) + seconds)
    try:
        yield
    finally:
        del os.environ["UKEYD_TEST_NOW"]


# ---- the way that it should go ----


@suite.case("1.网上支付 leads to the service's page, and paying there pays the order")
def manual_way(world):
    scene = Scene(world)
    url = scene.payment_url()
    page = scene.sandbox.payer().open(url)
    for part in ("支付沙箱", "阳光采购服务平台", scene.number, "¥240.00 元"):
        assert part in page.html, f"no {part} in {page.html}"
    equal(sorted(page.actions), ["取消", "支付"], "the buttons")
    trade = scene.pay()
    scene.wait_paid()
    scene.check_paid_once(trade)
    equal(scene.visitor.ask("POST", f"/orders/{scene.number}/payment", {}).code, "order-paid", "again")


@suite.case("amounts are exact to the fen")
def exact(world):
    scene = Scene(world)
    database = sqlite3.connect(scene.portal.folder / "portal.db", timeout=10)
    with database:
        database.execute("INSERT OR REPLACE INTO setting VALUES ('fee_fen_per_month', '3337')")
    try:
        scene.set_months(11)
        scene.set_months(12)
        equal(scene.order["fee_fen"], 40044, "the fee")
        page = scene.sandbox.payer().open(scene.payment_url())
        assert "¥400.44 元" in page.html, page.html
        trade = scene.pay()
        scene.wait_paid()
        equal(scene.payment(trade)["received_fen"], 40044, "what came")
        equal(scene.sandbox.trade(trade)["amount_fen"], 40044, "what was paid at the service")
    finally:
        with database:
            database.execute("DELETE FROM setting WHERE name = 'fee_fen_per_month'")
        database.close()


@suite.case("取消 closes the attempt, and the next one is new")
def cancelled(world):
    scene = Scene(world)
    url = scene.payment_url()
    trade = scene.payments()[-1]["trade"]
    payer = scene.sandbox.payer()
    payer.press(payer.open(url), "取消")
    scene.wait_state(trade, "closed")
    assert not payer.open(url).actions, "a closed payment can be paid"
    again = scene.pay()
    assert again != trade
    scene.wait_paid()
    scene.check_paid_once(again)


# ---- notifications ----


@suite.case("a lost notification is made up for by 2.刷新支付状态")
def lost(world):
    scene = Scene(world)
    scene.sandbox.notify("lost")
    trade = scene.pay()
    scene.check_unpaid()
    equal(scene.refreshed()["paid"], True, "paid after the refresh")
    scene.check_paid_once(trade)


@suite.case("a lost notification is made up for by the portal itself, also after a restart")
def forgotten(world):
    scene = Scene(world)
    scene.sandbox.notify("lost")
    trade = scene.pay()
    scene.portal.stop()
    scene.sandbox.stop()
    with later(PAUSE):
        scene.sandbox.start()
        scene.portal.start()
        wait_until(lambda: scene.payment(trade)["state"] == "paid", 20, "the portal asks by itself")
        scene.portal.stop()
        scene.sandbox.stop()
    scene.sandbox.start()
    scene.portal.start()
    scene.visitor = scene.new_visitor()
    scene.check_paid_once(trade)


@suite.case("a late notification finds everything done")
def late(world):
    scene = Scene(world)
    scene.sandbox.notify("late")
    trade = scene.pay()
    equal(scene.refreshed()["paid"], True, "paid after the refresh")
    wait_until(lambda: not scene.sandbox.trade(trade)["notify"], 20, "the notification was taken")
    scene.check_paid_once(trade)


@suite.case("a doubled notification counts once")
def doubled(world):
    scene = Scene(world)
    scene.sandbox.notify("doubled")
    trade = scene.pay()
    wait_until(lambda: not scene.sandbox.trade(trade)["notify"], 20, "both were taken")
    scene.check_paid_once(trade)


@suite.case("forged notifications change nothing")
def forged(world):
    scene = Scene(world)
    trade = scene.start_trade()
    other = world.case_folder / "forger.key"
    run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", other])
    good = json.loads(scene.sandbox.sign(NOTIFICATION, fact(trade, FEE)))
    cheaper = json.loads(scene.sandbox.sign(NOTIFICATION, fact(trade, 1)))
    forgeries = {
        "signed by another key": scene.sandbox.sign(NOTIFICATION, fact(trade, FEE), key=other),
        "signed for another purpose": scene.sandbox.sign(ANSWER, fact(trade, FEE)),
        "a signature of another message": json.dumps({**good, "message": cheaper["message"]}).encode(),
        "no signature": json.dumps({"message": good["message"]}).encode(),
        "not in an envelope": json.dumps(fact(trade, FEE)).encode(),
        "no JSON": b"paid=true",
        "nothing": b"",
    }
    for what, body in forgeries.items():
        answer = scene.deliver(body)
        equal((answer.status, answer.code), (403, "payment-signature"), what)
    scene.check_unpaid()
    equal(scene.payment(trade)["state"], "waiting", "the payment's state")


@suite.case("a notification for another merchant is refused")
def wrong_recipient(world):
    scene = Scene(world)
    trade = scene.start_trade()
    answer = scene.deliver(scene.sandbox.sign(NOTIFICATION, fact(trade, FEE), to=scene.sandbox.key))
    equal((answer.status, answer.code), (403, "payment-signature"), "the answer")
    scene.check_unpaid()


@suite.case("a replayed notification changes nothing, and an old one is refused")
def replayed(world):
    scene = Scene(world)
    trade = scene.start_trade()
    body = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE))
    for turn in range(3):
        equal(scene.deliver(body).status, 200, f"the answer to turn {turn}")
    scene.check_paid_once(trade)
    old = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE), age=400)
    equal(scene.deliver(old).code, "payment-signature", "an old one")
    waiting = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE, "waiting"))
    closed = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE, "closed"))
    for body in (waiting, closed):
        equal(scene.deliver(body).status, 200, "one that was overtaken")
    scene.check_paid_once(trade)


@suite.case("a notification about a trade that isn't ours is refused and noted")
def stray(world):
    scene = Scene(world)
    for _ in range(2):
        answer = scene.deliver(scene.sandbox.sign(NOTIFICATION, fact(f"{scene.number}-0", FEE)))
        equal((answer.status, answer.code), (404, "no-such-record"), "the answer")
    strays = scene.portal.admin("payment", "list", "--strays")
    equal(sum(s["trade"] == f"{scene.number}-0" for s in strays), 1, "how often it was noted")
    scene.check_unpaid()


@suite.case("a large body is not read, and the service's name counts")
def wrong_address(world):
    scene = Scene(world)
    equal(scene.deliver(b"x" * 8193).code, "too-large", "8193 bytes")
    headers = {"Content-Type": "application/json"}
    answer = scene.new_browser().send("POST", f"{API}/payments/notify/alipay", b"{}", headers)
    equal(answer.code, "not-found", "another service's address")


# ---- the price ----


@suite.case("a price that was changed in the browser's address is refused by the service")
def tampered(world):
    scene = Scene(world)
    url = scene.payment_url()
    trade = scene.payments()[-1]["trade"]
    amount, cheaper = b'"amount_fen":24000'.hex().upper(), b'"amount_fen":00001'.hex().upper()
    assert amount in url
    page = scene.sandbox.payer().open(url.replace(amount, cheaper))
    equal(page.status, 403, "the answer")
    assert not page.actions
    equal(scene.sandbox.trade(trade), None, "what the service knows")
    shortened = scene.sandbox.payer().open(url[:-2])
    equal(shortened.status, 403, "the answer to a shortened address")
    answer = scene.visitor.ask("POST", f"/orders/{scene.number}/payment", {"amount_fen": 1})
    equal(answer.code, "field-unknown", "a price in the request")


@suite.case("another amount than the fee is not accepted")
def wrong_amount(world):
    scene = Scene(world)
    trade = scene.start_trade()
    body = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE - 1))
    equal(scene.deliver(body).status, 200, "the answer")
    scene.check_unpaid()
    payment = scene.payment(trade)
    equal((payment["state"], payment["reason"]), ("refund-due", "wrong-amount"), "the payment")
    equal(payment["received_fen"], FEE - 1, "what came")
    shown = [p["state"] for p in scene.order["payments"]]
    equal(shown, ["refund-due"], "what the user sees")


# ---- twice ----


@suite.case("two tabs of one attempt pay once")
def two_tabs(world):
    scene = Scene(world)
    first, second = scene.payment_url(), scene.payment_url()
    payer = scene.sandbox.payer()
    tab = payer.open(second)
    trade = scene.payments()[-1]["trade"]
    payer.pay(first)
    back = payer.press(tab, "支付")  # the page was open all the time
    equal(back, f"{scene.portal.origin}/orders/{scene.number}", "where the second tab goes")
    scene.wait_paid()
    equal(len(scene.payments()), 1, "attempts")
    scene.check_paid_once(trade)
    assert "不会重复扣款" in payer.open(second).html


@suite.case("who pays twice gets the second payment back")
def paid_twice(world):
    scene = Scene(world)
    old_tab = scene.payment_url()
    old = scene.payments()[-1]["trade"]
    payer = scene.sandbox.payer()
    payer.open(old_tab)
    scene.set_months(24)
    new = scene.pay()
    scene.wait_paid()
    payer.pay(old_tab)
    scene.wait_state(old, "refunded")
    equal(scene.payment(old)["reason"], "paid-twice", "why")
    equal(scene.sandbox.trade(old)["state"], "refunded", "at the service")
    equal(scene.sandbox.trade(new)["state"], "paid", "the other one at the service")
    scene.check_paid_once(new)
    states = {p["trade"]: p["state"] for p in scene.order["payments"]}
    equal(states, {old: "refunded", new: "paid"}, "what the user sees")


@suite.case("a fee that was changed meanwhile is given back, and the order stays unpaid")
def fee_changed(world):
    scene = Scene(world)
    tab = scene.payment_url()
    trade = scene.payments()[-1]["trade"]
    scene.set_months(24)
    scene.sandbox.payer().pay(tab)
    scene.wait_state(trade, "refunded")
    equal(scene.payment(trade)["reason"], "fee-changed", "why")
    scene.check_unpaid()


@suite.case("a refund that is due is asked for until the service is back, also after a restart")
def refund_later(world):
    scene = Scene(world)
    old_tab = scene.payment_url()
    old = scene.payments()[-1]["trade"]
    scene.set_months(24)
    scene.pay()
    scene.wait_paid()
    scene.sandbox.notify("lost")
    scene.sandbox.payer().pay(old_tab)
    scene.sandbox.stop()
    told = scene.sandbox.sign(NOTIFICATION, fact(old, FEE, service_trade="SB-told"))
    equal(scene.deliver(told).status, 200, "the notification")
    equal(scene.payment(old)["state"], "refund-due", "while the service is down")
    scene.portal.stop()
    scene.sandbox.start()
    scene.portal.start()
    scene.wait_state(old, "refunded")
    equal(scene.sandbox.trade(old)["state"], "refunded", "at the service")


@suite.case("an operator asks, refunds and reconciles")
def operator(world):
    scene = Scene(world)
    scene.sandbox.notify("lost")
    trade = scene.pay()
    results = {r["trade"]: r for r in scene.portal.admin("payment", "reconcile")}
    equal(results[trade]["state"], "paid", "after the reconciliation")
    equal(scene.portal.admin("payment", "query", "--trade", trade)["state"], "paid", "the query")
    words = ["payment", "refund", "--trade", trade, "--reason", "误付"]
    equal(scene.portal.admin(*words)["state"], "refunded", "after the refund")
    equal(scene.sandbox.trade(trade)["state"], "refunded", "at the service")
    order = scene.order
    equal((order["paid"], order["state"], order["renewable"]), (False, "编辑中", False), "the order")
    equal(order["approvals"][-1]["action"], "退款", "the last record")
    scene.portal.admin("audit", "verify")


# ---- the service ----


@suite.case("a service that is down is named, and asked again when it is back")
def service_down(world):
    scene = Scene(world)
    scene.sandbox.notify("lost")
    trade = scene.pay()
    scene.sandbox.stop()
    answer = scene.refresh()
    equal((answer.status, answer.code), (503, "payment-unavailable"), "the refresh")
    for member in ("title", "remedy"):
        assert answer.json[member].strip(), f"no {member}"
    scene.check_unpaid()
    scene.sandbox.start()
    equal(scene.refreshed()["paid"], True, "paid after the refresh")
    scene.check_paid_once(trade)


class Between:
    """A payment service's address where something else answers first."""

    def __init__(self, scene):
        self.scene = scene
        sandbox = scene.sandbox
        folder = scene.world.case_folder / "between"
        self.server = scene.world.keep(FaultyPortal(folder, sandbox.url, sandbox.tls_ca))
        scene.portal.stop()
        sandbox.configure(f"https://127.0.0.1:{urlsplit(self.server.api).port}", self.server.tls_ca)
        scene.portal.start()

    def answers(self, content):
        """The service's own signature over content(the request's message)."""

        def act(forward):
            request = json.loads(self.server.bodies[-1])
            message = json.loads(base64.b64decode(request["message"]))
            body = self.scene.sandbox.sign(ANSWER, {**content, "request": message["nonce"]})
            return faulty.Reply(200, faulty.JSON_TYPE, body)

        self.spoil(act)

    def spoil(self, action):
        self.server.rules.clear()
        self.server.spoil("POST", "/api/query", action)


@suite.case("wrong answers of the service are not believed")
def wrong_answers(world):
    scene = Scene(world)
    between = Between(scene)
    trade = scene.start_trade()
    page = "<p>请登录</p>".encode()
    replay = scene.sandbox.sign(ANSWER, fact(trade, FEE, request="00112233445566778899aabbccddeeff"))
    for what, action, code in (
        ("HTML", faulty.reply(200, "text/html", page), "payment-answer"),
        ("rubbish", faulty.reply(200, "application/json", b'{"state":"paid"}'), "payment-answer"),
        ("an answer to another request", faulty.reply(200, "application/json", replay), "payment-answer"),
        ("a failure", faulty.reply(500, "text/plain", b"oops"), "payment-unavailable"),
        ("a refusal", faulty.reply(403, "text/plain", b"no"), "payment-refused"),
        ("half an answer", faulty.truncated, "payment-unavailable"),
        ("no answer", faulty.hang_up, "payment-unavailable"),
        ("another place", faulty.reply(302, "text/html", b""), "payment-answer"),
    ):
        between.spoil(action)
        answer = scene.refresh()
        equal(answer.code, code, what)
        scene.check_unpaid()
    between.answers(fact(f"{scene.number}-0", FEE))
    equal(scene.refresh().code, "payment-answer", "an answer about another trade")
    scene.check_unpaid()
    between.answers(fact(trade, FEE + 1))
    equal(scene.refreshed()["paid"], False, "after an answer with another amount")
    equal(scene.payment(trade)["reason"], "wrong-amount", "the payment")


@suite.case("two clicks on 2.刷新支付状态 share a question, and who leaves is not waited for")
def two_clicks(world):
    scene = Scene(world)
    between = Between(scene)
    scene.start_trade()
    between.spoil(faulty.slow(5))
    visitor = scene.visitor
    body = b"{}"
    head = f"POST {API}/orders/{scene.number}/payment/refresh HTTP/1.1\r\nHost: {visitor.address}\r\n"
    headers = {**visitor.headers(), "Content-Type": "application/json", "Content-Length": "2"}
    request = head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    left = visitor.tls.wrap_socket(
        socket.create_connection(("127.0.0.1", urlsplit(visitor.origin).port)), server_hostname="127.0.0.1"
    )
    left.sendall(request.encode() + body)
    wait_until(lambda: len(between.server.requests) == 1, 10, "the service is asked")
    left.close()
    equal(scene.refreshed()["paid"], False, "the second click")
    equal(len(between.server.requests), 1, "questions")


# ---- the portal dies ----


@suite.case("a portal that is killed before it answers a notification is told again")
def killed(world):
    scene = Scene(world)
    trade = scene.start_trade()
    body = scene.sandbox.sign(NOTIFICATION, fact(trade, FEE))
    address = urlsplit(scene.portal.origin)
    context = ssl.create_default_context(cafile=str(scene.portal.tls_ca))
    raw = socket.create_connection((address.hostname, address.port))
    with context.wrap_socket(raw, server_hostname=address.hostname) as line:
        head = f"POST {API}/payments/notify/sandbox HTTP/1.1\r\nHost: {address.netloc}\r\n"
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        scene.portal.process.kill()
    scene.portal.start()
    equal(scene.deliver(body).status, 200, "the answer after the restart")
    scene.visitor = scene.new_visitor()
    scene.check_paid_once(trade)


@suite.case("a portal that was down is notified when it is back")
def down_for_a_while(world):
    scene = Scene(world)
    url = scene.payment_url()
    trade = scene.payments()[-1]["trade"]
    scene.portal.process.kill()
    scene.sandbox.payer().pay(url)
    wait_until(lambda: "payment-unavailable" in scene.sandbox.process.log_text(), 20, "a failed try")
    scene.portal.start()
    scene.visitor = scene.new_visitor()
    scene.wait_paid()
    scene.check_paid_once(trade)
